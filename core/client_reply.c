/* SPDX-License-Identifier: MIT */
/* llhttp reads, strictly. A 1xx head is forgotten when it is complete; trailers after a chunked
   body are dropped. */
#include "client_reply.h"

#include <string.h>
#include <strings.h>

/* Framing is all that is not body: heads, chunk sizes, trailers. A chunk may be one byte. */
enum { MAX_HEAD = 64 * 1024, MAX_FRAMING = 4 * MAX_HEAD, FRAMING_PER_BYTE = 16 };

static int stop(struct client_reply *r, enum client_reply_state why) {
  r->state = why;
  return HPE_USER;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Of the head; of trailers nothing is kept. */
static int add(struct client_reply *r, const char *data, size_t len) {
  if (r->status) return 0;
  if (len > MAX_HEAD - r->head.len) return stop(r, REPLY_TOO_LARGE);
  return bytes_append(&r->head, data, len) ? stop(r, REPLY_NO_MEMORY) : 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len) {
  struct client_reply *r = parser->data;
  size_t from = r->head.len;
  int err = add(r, at, len);
  for (size_t i = from; i < r->head.len; i++)
    if (r->head.data[i] >= 'A' && r->head.data[i] <= 'Z') r->head.data[i] |= 0x20;
  return err;
}

static int on_field_complete(llhttp_t *parser) {
  struct client_reply *r = parser->data;
  bool nameless = !r->head.len || r->head.data[r->head.len - 1] == '\n'; /* llhttp lets it pass */
  if (nameless && !r->status) return stop(r, REPLY_BAD);
  int err = add(r, ": ", 2);
  r->value_at = r->head.len;
  return err;
}

/* In pieces: as they came, and of a folded line (RFC 9112 §5.2) without its break. */
static int on_value(llhttp_t *parser, const char *at, size_t len) {
  return add(parser->data, at, len);
}

static int on_value_complete(llhttp_t *parser) {
  struct client_reply *r = parser->data;
  while (r->head.len > r->value_at && is_space(r->head.data[r->head.len - 1])) r->head.len--;
  return add(r, "\r\n", 2);
}

static bool is(struct slice s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

/* Chunks, once, is the only coding that may come unasked (RFC 9112 §7); llhttp takes all. */
static bool is_coded(const struct client_reply *r) {
  size_t at = 0, codings = 0;
  if (!(r->parser.flags & F_TRANSFER_ENCODING)) return false;
  for (struct slice name, value; client_reply_next_header(r, &at, &name, &value);)
    if (is(name, "transfer-encoding")) codings += is(value, "chunked") ? 1 : 2;
  return codings > 1;
}

static int on_headers_complete(llhttp_t *parser) {
  struct client_reply *r = parser->data;
  int status = parser->status_code;
  if (parser->http_major != 1 || status < 100 || status == 101) /* 101: nobody asked for it */
    return stop(r, REPLY_BAD);
  if (status < 200)
    bytes_clear(&r->head);
  else
    r->status = status;
  if (r->no_body || status < 200 || status == 204 || status == 304) return 1; /* none is expected */
  return is_coded(r) ? stop(r, REPLY_BAD) : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len) {
  struct client_reply *r = parser->data;
  if (len > r->max_body - r->body.len) return stop(r, REPLY_TOO_LARGE);
  return bytes_append(&r->body, at, len) ? stop(r, REPLY_NO_MEMORY) : 0;
}

/* A body that a 204 has promised may still come. */
static int on_message_complete(llhttp_t *parser) {
  struct client_reply *r = parser->data;
  if (!r->status) return 0;
  bool promised = parser->content_length || parser->flags & F_TRANSFER_ENCODING;
  r->state = REPLY_DONE;
  r->keep_alive = llhttp_should_keep_alive(parser) && !(r->status == 204 && promised);
  return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void client_reply_begin(struct client_reply *r, bool no_body, size_t max_body) {
  llhttp_init(&r->parser, HTTP_RESPONSE, &callbacks);
  r->parser.data = r;
  r->no_body = no_body;
  r->max_body = max_body;
}

static bool is_endless(const struct client_reply *r) {
  return (r->taken - r->body.len) / FRAMING_PER_BYTE > r->body.len + MAX_FRAMING / FRAMING_PER_BYTE;
}

void client_reply_feed(struct client_reply *r, const char *data, size_t len) {
  r->taken += len;
  llhttp_errno_t err = llhttp_execute(&r->parser, data, len);
  if (err == HPE_PAUSED && llhttp_get_error_pos(&r->parser) != data + len) r->keep_alive = false;
  if (err && r->state == REPLY_MORE) r->state = REPLY_BAD;
  if (r->state == REPLY_MORE && is_endless(r)) r->state = REPLY_TOO_LARGE;
}

void client_reply_end(struct client_reply *r) {
  llhttp_finish(&r->parser);
  r->keep_alive = false;
}

bool client_reply_next_header(const struct client_reply *r, size_t *at, struct slice *name,
                              struct slice *value) {
  if (!r->status || *at >= r->head.len) return false;
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
