/* SPDX-License-Identifier: MIT */
/* Addresses as 16 bytes, their texts, and the proxies' two headers (Forwarded of RFC 7239,
 * X-Forwarded-For). */
#include "address.h"

#include "http1_request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct address *a) {
  return !memcmp(a->bytes, mapped, sizeof mapped);
}

static void set_v4(struct address *out, const void *four) {
  memcpy(out->bytes, mapped, sizeof mapped);
  memcpy(out->bytes + sizeof mapped, four, 4);
}

bool address_of_socket(struct address *out, const struct sockaddr *peer) {
  if (peer->sa_family == AF_INET) {
    set_v4(out, &((const struct sockaddr_in *)(const void *)peer)->sin_addr);
    return true;
  }
  if (peer->sa_family != AF_INET6) return false;
  memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
  return true;
}

/* "[v6]", "[v6]:port", "v4:port" lose their dress; a bare v6 has more than one colon and none. */
static struct slice bare(struct slice text) {
  if (text.len && text.data[0] == '[') {
    const char *end = memchr(text.data, ']', text.len);
    return end ? (struct slice){text.data + 1, (size_t)(end - text.data) - 1} : (struct slice){0};
  }
  const char *colon = memchr(text.data, ':', text.len);
  if (!colon) return text;
  size_t host = (size_t)(colon - text.data);
  return memchr(colon + 1, ':', text.len - host - 1) ? text : (struct slice){text.data, host};
}

bool address_parse(struct address *out, struct slice text) {
  char buffer[INET6_ADDRSTRLEN];
  unsigned char four[4];
  if (!text.len) return false;
  text = bare(text);
  if (!text.len || text.len >= sizeof buffer) return false;
  memcpy(buffer, text.data, text.len);
  buffer[text.len] = '\0';
  if (inet_pton(AF_INET6, buffer, out->bytes) == 1) return true;
  if (inet_pton(AF_INET, buffer, four) != 1) return false;
  set_v4(out, four);
  return true;
}

/* Every request asks for this; inet_ntop would go through sprintf. */
static size_t v4_text(const unsigned char four[4], char *out) {
  char *at = out;
  for (int i = 0; i < 4; i++) {
    if (i) *at++ = '.';
    if (four[i] >= 100) *at++ = (char)('0' + four[i] / 100);
    if (four[i] >= 10) *at++ = (char)('0' + four[i] / 10 % 10);
    *at++ = (char)('0' + four[i] % 10);
  }
  *at = '\0';
  return (size_t)(at - out);
}

size_t address_text(const struct address *a, char out[ADDRESS_TEXT]) {
  if (is_v4(a)) return v4_text(a->bytes + sizeof mapped, out);
  inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT);
  return strlen(out);
}

struct address address_key(const struct address *a) {
  struct address key = *a;
  if (!is_v4(a)) memset(key.bytes + 8, 0, 8);
  return key;
}

size_t address_key_text(const struct address *a, char out[ADDRESS_TEXT]) {
  struct address key = address_key(a);
  size_t len = address_text(&key, out);
  if (is_v4(a)) return len;
  memcpy(out + len, "/64", 4);
  return len + 3;
}

/* --- the proxies' headers --------------------------------------------------------------------- */

static struct slice trimmed(struct slice text) {
  while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) text.data++, text.len--;
  while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
    text.len--;
  return text;
}

/* Where the first element ends: at a separator outside of quotes, or at the end. False: a quote
 * stays open. */
static bool find_end(struct slice text, char separator, size_t *end) {
  bool quoted = false;
  size_t n = 0;
  for (; n < text.len; n++) {
    char c = text.data[n];
    if (c == '"')
      quoted = !quoted;
    else if (c == '\\' && quoted && n + 1 < text.len)
      n++;
    else if (c == separator && !quoted)
      break;
  }
  *end = n;
  return !quoted;
}

/* Cuts the first element off *rest. A quote that a client left open must not swallow what the proxy
 * appended. */
static struct slice cut(struct slice *rest, char separator) {
  size_t n;
  if (!find_end(*rest, separator, &n)) {
    const char *end = memchr(rest->data, separator, rest->len);
    n = end ? (size_t)(end - rest->data) : rest->len;
  }
  struct slice element = {rest->data, n};
  size_t skip = n < rest->len ? n + 1 : n;
  *rest = (struct slice){rest->data + skip, rest->len - skip};
  return trimmed(element);
}

/* What is behind name, like "for=", in one element of Forwarded, without its quotes. */
static struct slice value_of(struct slice element, const char *name) {
  size_t len = strlen(name);
  while (element.len) {
    struct slice pair = cut(&element, ';');
    if (pair.len < len || strncasecmp(pair.data, name, len)) continue;
    struct slice value = {pair.data + len, pair.len - len};
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
      value.data++, value.len -= 2;
    return value;
  }
  return (struct slice){0};
}

static size_t count_entries(const struct slice *lines, size_t count) {
  size_t entries = 0;
  for (size_t i = 0; i < count; i++)
    for (struct slice rest = lines[i]; rest.len;)
      if (cut(&rest, ',').len) entries++;
  return entries;
}

bool address_forwarded(struct address *out, const struct proxy_settings *proxy,
                       const struct slice *lines, size_t count) {
  size_t entries = count_entries(lines, count);
  if (!proxy->trusted_hops || !entries) return false;
  size_t skip = entries > proxy->trusted_hops ? entries - proxy->trusted_hops : 0;
  for (size_t i = 0; i < count; i++) {
    for (struct slice rest = lines[i]; rest.len;) {
      struct slice entry = cut(&rest, ',');
      if (!entry.len || skip--) continue;
      return address_parse(out, proxy->header == PROXY_FORWARDED ? value_of(entry, "for=") : entry);
    }
  }
  return false;
}

bool address_by_https(const struct proxy_settings *proxy, struct slice line) {
  struct slice last = {0};
  while (line.len) {
    struct slice entry = cut(&line, ',');
    if (entry.len) last = entry;
  }
  if (proxy->header == PROXY_FORWARDED) last = value_of(last, "proto=");
  return proxy->trusted_hops && last.len == 5 && !strncasecmp(last.data, "https", 5);
}
