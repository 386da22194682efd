/* SPDX-License-Identifier: MIT */
/* What http.c takes for a method, a header's name and its value. */
#include "http_words.h"

#include <string.h>
#include <strings.h>

bool http_is_token(const char *s, size_t len) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < len; i++) {
    char c = s[i], lower = (char)(c | 0x20);
    bool usual = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (!usual && (!c || !strchr(others, c))) return false;
  }
  return len > 0;
}

bool http_is_value(const char *s, size_t len) {
  return !memchr(s, '\r', len) && !memchr(s, '\n', len) && !memchr(s, '\0', len);
}

bool http_is_framing(const char *name) {
  static const char *const names[] = {
      "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if ((*name | 0x20) == *names[i] && strcasecmp(name, names[i]) == 0) return true;
  return false;
}
