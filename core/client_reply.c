/* SPDX-License-Identifier: MIT */
/* Collects a reply. A 1xx head is forgotten when the next head begins; trailers after a chunked
   body are dropped. */
#include "client_reply.h"

#include <string.h>
#include <uv.h>

enum { MAX_HEAD = 64 * 1024 };

static int too_large(struct client_reply *r) {
  r->too_large = true;
  return UV_E2BIG;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(const char *from, const char *to) {
  while (from < to && is_space(*from)) from++;
  while (to > from && is_space(to[-1])) to--;
  return (struct slice){from, (size_t)(to - from)};
}

/* "HTTP/1.1 200 OK": a status line, if we still wait for one. */
static bool begins_head(struct client_reply *r, const char *line, size_t len) {
  if (r->at > REPLY_INTERIM || len < 12 || memcmp(line, "HTTP/", 5) != 0) return false;
  r->at = line[9] == '1' ? REPLY_INTERIM : REPLY_HEAD;
  bytes_clear(&r->head);
  return true;
}

/* A folded line continues the value before it. */
static int continue_line(struct client_reply *r, struct slice rest) {
  if (r->head.len < 2) return 0;
  r->head.len -= 2;
  int err = bytes_append(&r->head, " ", 1);
  if (!err) err = bytes_append(&r->head, rest.data, rest.len);
  return err ? err : bytes_append(&r->head, "\r\n", 2);
}

static int add_line(struct client_reply *r, const char *line, size_t len) {
  const char *colon = memchr(line, ':', len);
  if (!colon) return 0;
  struct slice value = trim(colon + 1, line + len);
  size_t start = r->head.len;
  int err = bytes_append(&r->head, line, (size_t)(colon - line));
  for (size_t i = start; i < r->head.len; i++)
    if (r->head.data[i] >= 'A' && r->head.data[i] <= 'Z') r->head.data[i] |= 0x20;
  if (!err) err = bytes_append(&r->head, ": ", 2);
  if (!err) err = bytes_append(&r->head, value.data, value.len);
  return err ? err : bytes_append(&r->head, "\r\n", 2);
}

int client_reply_line(struct client_reply *r, const char *line, size_t len) {
  if (begins_head(r, line, len) || r->at != REPLY_HEAD) return 0;
  struct slice text = trim(line, line + len);
  if (text.len == 0) {
    r->at = REPLY_BODY;
    return 0;
  }
  if (r->head.len + len > MAX_HEAD) return too_large(r);
  return is_space(line[0]) ? continue_line(r, text) : add_line(r, line, len);
}

int client_reply_data(struct client_reply *r, const char *data, size_t len) {
  if (len > r->max_body - r->body.len) return too_large(r);
  return bytes_append(&r->body, data, len);
}

bool client_reply_next_header(const struct client_reply *r, size_t *at, struct slice *name,
                              struct slice *value) {
  if (*at >= r->head.len) return false;
  const char *line = r->head.data + *at;
  const char *end = memchr(line, '\n', r->head.len - *at);
  const char *colon = memchr(line, ':', (size_t)(end - line));
  *name = (struct slice){line, (size_t)(colon - line)};
  *value = (struct slice){colon + 2, (size_t)(end - 1 - (colon + 2))};
  *at += (size_t)(end + 1 - line);
  return true;
}

void client_reply_free(struct client_reply *r) {
  bytes_wipe(&r->head);
  bytes_wipe(&r->body);
}
