/* SPDX-License-Identifier: MIT */
/* An absolute http or https URL, taken apart (RFC 3986, as far as RFC 9110 §4.2 lets it matter).
   Part of client.c's calls. */
#ifndef USHER_CLIENT_URL_H
#define USHER_CLIENT_URL_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct client_url {
  bool tls;
  bool is_ip; /* the host is an address, not a name */
  uint16_t port;
  char host[254];      /* in lower case, an IPv6 address without its brackets */
  struct slice target; /* path and query as they were written; may lack the first "/" */
  char authority[264]; /* for the Host header: the scheme's own port is left out */
};

/* 0, or UV_EINVAL: another scheme, a user, a host that is none, a port out of range. The target
   points into the text. */
int client_url_parse(const char *text, struct client_url *out);

#endif
