/* SPDX-License-Identifier: MIT */
/* The request's target: what may stand in it, and where it parts. */
#include "target.h"

#include "http1_request.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { IN_PATH = 1, IN_QUERY = 2, IN_HOST = 4, HEX = 8 };

/* The query takes what browsers leave bare there; backslash, '#', quotes and all above ASCII stay
 * out everywhere. */
static const unsigned char kinds[256] = {
    ['0' ... '9'] = IN_PATH | IN_QUERY | IN_HOST | HEX,
    ['a' ... 'f'] = IN_PATH | IN_QUERY | IN_HOST | HEX,
    ['g' ... 'z'] = IN_PATH | IN_QUERY | IN_HOST,
    ['A' ... 'F'] = IN_PATH | IN_QUERY | IN_HOST | HEX,
    ['G' ... 'Z'] = IN_PATH | IN_QUERY | IN_HOST,
    ['-'] = IN_PATH | IN_QUERY | IN_HOST,
    ['.'] = IN_PATH | IN_QUERY | IN_HOST,
    ['_'] = IN_PATH | IN_QUERY | IN_HOST,
    ['~'] = IN_PATH | IN_QUERY | IN_HOST,
    ['!'] = IN_PATH | IN_QUERY,
    ['$'] = IN_PATH | IN_QUERY,
    ['&'] = IN_PATH | IN_QUERY,
    ['\''] = IN_PATH | IN_QUERY,
    ['('] = IN_PATH | IN_QUERY,
    [')'] = IN_PATH | IN_QUERY,
    ['*'] = IN_PATH | IN_QUERY,
    ['+'] = IN_PATH | IN_QUERY,
    [','] = IN_PATH | IN_QUERY,
    [';'] = IN_PATH | IN_QUERY,
    ['='] = IN_PATH | IN_QUERY,
    [':'] = IN_PATH | IN_QUERY,
    ['@'] = IN_PATH | IN_QUERY,
    ['/'] = IN_PATH | IN_QUERY,
    ['%'] = IN_PATH | IN_QUERY,
    ['?'] = IN_QUERY,
    ['['] = IN_QUERY,
    [']'] = IN_QUERY,
    ['{'] = IN_QUERY,
    ['}'] = IN_QUERY,
    ['|'] = IN_QUERY,
    ['^'] = IN_QUERY,
    ['`'] = IN_QUERY,
};

static bool is(char c, int kind) {
  return kinds[(unsigned char)c] & kind;
}

/* %00, %0d and %0a have no honest use in a target and split headers further on. */
static bool escape_valid(struct slice text, size_t at) {
  if (text.len - at < 3 || !is(text.data[at + 1], HEX) || !is(text.data[at + 2], HEX)) return false;
  return !(text.data[at + 1] == '0' && strchr("0aAdD", text.data[at + 2]));
}

static bool all(struct slice text, int kind) {
  for (size_t i = 0; i < text.len; i++)
    if (!is(text.data[i], kind) || (text.data[i] == '%' && !escape_valid(text, i))) return false;
  return true;
}

static bool take_scheme(struct slice *rest, struct slice *scheme) {
  static const char *const schemes[] = {"http://", "https://"};
  for (int i = 0; i < 2; i++) {
    size_t len = strlen(schemes[i]);
    if (rest->len < len || strncasecmp(rest->data, schemes[i], len)) continue;
    *scheme = (struct slice){rest->data, len - 3};
    *rest = (struct slice){rest->data + len, rest->len - len};
    return true;
  }
  return false;
}

bool target_parse(struct slice text, struct target *out) {
  *out = (struct target){0};
  if (text.len == 1 && text.data[0] == '*') {
    out->path = text;
    return true;
  }
  struct slice rest = text;
  if (take_scheme(&rest, &out->scheme)) {
    size_t n = 0;
    while (n < rest.len && rest.data[n] != '/' && rest.data[n] != '?') n++;
    out->authority = (struct slice){rest.data, n};
    rest = (struct slice){rest.data + n, rest.len - n};
    if (!target_authority_valid(out->authority)) return false;
  } else if (!rest.len || rest.data[0] != '/') {
    return false;
  }
  const char *mark = rest.len ? memchr(rest.data, '?', rest.len) : NULL;
  size_t path = mark ? (size_t)(mark - rest.data) : rest.len;
  out->path = path ? (struct slice){rest.data, path} : (struct slice){"/", 1};
  if (mark) out->query = (struct slice){mark + 1, rest.len - path - 1};
  return all(out->path, IN_PATH) && all(out->query, IN_QUERY);
}

/* Where the port's colon stands, or the end. */
static size_t host_end(struct slice text) {
  for (size_t i = text.len; i > 0; i--) {
    if (text.data[i - 1] == ':') return i - 1;
    if (text.data[i - 1] == ']') break;
  }
  return text.len;
}

static bool port_valid(struct slice text) {
  unsigned long port = 0;
  if (text.len > 5) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return false;
    port = port * 10 + (unsigned long)(text.data[i] - '0');
  }
  return port <= 65535;
}

static bool literal_valid(struct slice host) {
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  if (host.len < 4 || host.len > sizeof text || host.data[host.len - 1] != ']') return false;
  memcpy(text, host.data + 1, host.len - 2);
  text[host.len - 2] = '\0';
  return inet_pton(AF_INET6, text, &address) == 1;
}

bool target_authority_valid(struct slice text) {
  size_t n = host_end(text);
  struct slice host = {text.data, n};
  struct slice port = {text.data + n, text.len - n};
  if (!host.len || host.len > 255) return false;
  if (port.len && !port_valid((struct slice){port.data + 1, port.len - 1})) return false;
  return host.data[0] == '[' ? literal_valid(host) : all(host, IN_HOST);
}

static struct slice without_default_port(struct slice text, struct slice scheme) {
  size_t n = host_end(text);
  struct slice port = {text.data + n, text.len - n};
  const char *standard = http1_is(scheme, "https") ? ":443" : ":80";
  if (port.len == 1 || http1_is(port, standard)) text.len = n;
  return text;
}

bool target_authority_equal(struct slice a, struct slice b, struct slice scheme) {
  a = without_default_port(a, scheme);
  b = without_default_port(b, scheme);
  return a.len == b.len && !strncasecmp(a.data, b.data, a.len);
}
