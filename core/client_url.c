/* SPDX-License-Identifier: MIT */
/* Strict where a host begins and ends: whom we trust is decided by that name. */
#include "client_url.h"

#include "encoding.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

static const char *scheme(const char *text, bool *tls) {
  *tls = strncasecmp(text, "https://", 8) == 0;
  if (*tls) return text + 8;
  return strncasecmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

static bool is_host_char(char c, bool is_ipv6) {
  if (is_ipv6) return isxdigit((unsigned char)c) || c == ':' || c == '.';
  return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

/* From where the host begins to where it ends, or NULL. */
static const char *host(const char *at, struct client_url *out) {
  bool is_ipv6 = *at == '[';
  size_t len = 0;
  for (at += is_ipv6; is_host_char(*at, is_ipv6); at++) {
    if (len == sizeof out->host - 1) return NULL;
    out->host[len++] = (char)tolower((unsigned char)*at);
  }
  out->host[len] = '\0';
  unsigned char address[sizeof(struct in6_addr)];
  out->is_ip = inet_pton(is_ipv6 ? AF_INET6 : AF_INET, out->host, address) == 1;
  if (len == 0 || out->host[0] == '.' || (is_ipv6 && (!out->is_ip || *at++ != ']'))) return NULL;
  return at;
}

/* From where the host ended to where the authority does, or NULL. */
static const char *port(const char *at, struct client_url *out) {
  unsigned value = out->tls ? 443 : 80;
  if (*at == ':') {
    const char *first = ++at;
    for (value = 0; isdigit((unsigned char)*at) && value <= UINT16_MAX; at++)
      value = value * 10 + (unsigned)(*at - '0');
    if (at == first || value == 0 || value > UINT16_MAX) return NULL;
  }
  out->port = (uint16_t)value;
  return strchr("/?#", *at) ? at : NULL; /* the NUL at the end too */
}

/* There is room: the host is as long as ours, or has its brackets too. */
static void put_authority(struct client_url *out, struct slice host) {
  bool usual = out->port == (out->tls ? 443 : 80);
  memcpy(out->authority, host.data, host.len);
  char *end = out->authority + host.len;
  if (!usual) {
    *end++ = ':';
    end += decimal_encode(out->port, end);
  }
  *end = '\0';
}

int client_url_parse(const char *text, struct client_url *out) {
  const char *from = scheme(text, &out->tls);
  const char *to = from ? host(from, out) : NULL;
  const char *target = to ? port(to, out) : NULL;
  if (!target) return UV_EINVAL;
  out->target = (struct slice){target, strcspn(target, "#")};
  put_authority(out, (struct slice){from, (size_t)(to - from)});
  return 0;
}
