/* SPDX-License-Identifier: MIT */
/* The client's address: from the socket, or from what trusted hops say. Pure. */
#ifndef USHER_ADDRESS_H
#define USHER_ADDRESS_H

#include "bytes.h"

#include <stdbool.h>
#include <sys/socket.h>

enum proxy_header { PROXY_X_FORWARDED_FOR, PROXY_FORWARDED };

struct proxy_settings {
  unsigned trusted_hops; /* 0: the socket's address is the client's */
  enum proxy_header header;
};

struct address {
  unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

enum { ADDRESS_TEXT = 50 }; /* enough for either text with its NUL */

bool address_of_socket(struct address *out, const struct sockaddr *peer);
bool address_parse(struct address *out, struct slice text); /* with or without port, brackets */
size_t address_text(const struct address *a, char out[ADDRESS_TEXT]);
struct address address_key(const struct address *a); /* IPv6: the lower half is zero */
/* Its text, for IPv6 "2001:db8:1:2::/64". Its length, without the NUL. */
size_t address_key_text(const struct address *a, char out[ADDRESS_TEXT]);

/* lines: the values of the proxies' header in the order sent. Counts entries from the right, one
 * per trusted hop; with fewer entries than hops the leftmost counts. False: no header, or that
 * entry is no address (`unknown`, `_hidden`). */
bool address_forwarded(struct address *out, const struct proxy_settings *proxy,
                       const struct slice *lines, size_t count);

/* line: the last one of X-Forwarded-Proto, or of Forwarded. Does the nearest hop, which is trusted,
 * say that it was asked by https? */
bool address_by_https(const struct proxy_settings *proxy, struct slice line);

#endif
