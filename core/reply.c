/* SPDX-License-Identifier: MIT */
/* Writing replies: one head in the server's scratch, one writev; what the kernel does not take is
 * copied and queued. */
#include "digest.h"
#include "encoding.h"
#include "gate.h"
#include "server_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bodies up to here are copied behind the head: one buffer is cheaper to write than two. */
enum { INLINE_BODY = 4096 };

static void put(struct bytes *out, const char *text) {
  bytes_append(out, text, strlen(text));
}

static void put_line(struct bytes *out, const char *name, struct slice value) {
  put(out, name);
  bytes_append(out, value.data, value.len);
  put(out, "\r\n");
}

static void put_number(struct bytes *out, size_t n) {
  char digits[24], *at = digits + sizeof digits;
  do *--at = (char)('0' + n % 10);
  while (n /= 10);
  bytes_append(out, at, (size_t)(digits + sizeof digits - at));
}

/* --- request id ------------------------------------------------------------------------------- */

static bool id_valid(struct slice id) {
  if (!id.len || id.len > 128) return false;
  for (size_t i = 0; i < id.len; i++) {
    char c = id.data[i];
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

void reply_identify(struct connection *c) {
  struct exchange *e = &c->exchange;
  struct slice given;
  unsigned char random[16];
  if (http1_has_head(c->parser) && http1_header(http1_request(c->parser), "x-request-id", &given) &&
      id_valid(given)) {
    memcpy(e->request_id, given.data, given.len);
    e->request_id_len = given.len;
    return;
  }
  digest_random(random, sizeof random);
  hex_encode(random, sizeof random, e->request_id);
  e->request_id_len = 2 * sizeof random;
}

/* --- head ------------------------------------------------------------------------------------- */

bool exchange_header_valid(struct slice name, struct slice value) {
  if (!gate_token(name)) return false;
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.data[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

static bool is_ours(struct slice name) {
  static const char *const ours[] = {"date",       "x-request-id",      "content-length",
                                     "connection", "transfer-encoding", "x-content-type-options"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (http1_is(name, ours[i])) return true;
  return false;
}

/* Does this reply tell another time? */
static bool dates_itself(const struct server *s, const struct reply *r) {
  for (size_t i = 0; i < r->header_count && s->settings.dates_itself; i++)
    if (http1_is(r->headers[i].name, "date")) return true;
  return false;
}

static bool sendable(const struct reply *r) {
  if (r->status < 200 || r->status > 599) return false;
  for (size_t i = 0; i < r->header_count; i++)
    if (!exchange_header_valid(r->headers[i].name, r->headers[i].value)) return false;
  return true;
}

static void put_date(struct server *s, struct bytes *out) {
  time_t now = time(NULL);
  if (now != s->date_second) {
    struct tm tm;
    strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    s->date_second = now;
  }
  put_line(out, "Date: ", (struct slice){s->date, strlen(s->date)});
}

static bool came_by_https(const struct connection *c) {
  const struct proxy_settings *proxy = &c->server->settings.proxy;
  const char *name = proxy->header == PROXY_FORWARDED ? "forwarded" : "x-forwarded-proto";
  struct slice line = {0};
  if (!http1_has_head(c->parser)) return false;
  const struct http1_request *r = http1_request(c->parser);
  for (size_t i = 0; i < r->header_count; i++)
    if (http1_is(r->headers[i].name, name)) line = r->headers[i].value;
  return address_by_https(proxy, line);
}

static void put_own(struct connection *c, const struct reply *r, struct bytes *out) {
  struct server *s = c->server;
  struct exchange *e = &c->exchange;
  put(out, "HTTP/1.1 ");
  put_number(out, (size_t)r->status);
  put(out, " ");
  put(out, http1_reason(r->status));
  put(out, "\r\n");
  if (!dates_itself(s, r)) put_date(s, out);
  put_line(out, "X-Request-Id: ", (struct slice){e->request_id, e->request_id_len});
  put(out, "X-Content-Type-Options: nosniff\r\n");
  if (s->hsts && came_by_https(c))
    put_line(out, "Strict-Transport-Security: ", (struct slice){s->hsts, strlen(s->hsts)});
  if (r->status != 204 && r->status != 304) {
    put(out, "Content-Length: ");
    put_number(out, r->body_len);
    put(out, "\r\n");
  }
  if (c->closing)
    put(out, "Connection: close\r\n");
  else if (!http1_request(c->parser)->minor)
    put(out, "Connection: keep-alive\r\n");
}

static int put_cors(struct connection *c, const struct reply *r, struct bytes *out) {
  const struct cors *cors = c->server->cors;
  struct slice origin = {0};
  if (!cors_on(cors)) return 0;
  if (http1_has_head(c->parser)) http1_header(http1_request(c->parser), "origin", &origin);
  return r->preflight ? cors_write_preflight(cors, origin, c->server->methods, out)
                      : cors_write(cors, origin, out);
}

static void put_theirs(const struct server *s, const struct reply *r, struct bytes *out) {
  bool cached = false, dated = dates_itself(s, r);
  for (size_t i = 0; i < r->header_count; i++) {
    struct slice name = r->headers[i].name;
    if (is_ours(name) && !(dated && http1_is(name, "date"))) continue;
    if (http1_is(name, "cache-control")) cached = true;
    bytes_append(out, name.data, name.len);
    put_line(out, ": ", r->headers[i].value);
  }
  if (r->lines) put(out, r->lines);
  if (!cached) put(out, "Cache-Control: no-store\r\n");
}

/* Room is taken before it is needed, so that the puts cannot fail half way. */
static int compose(struct connection *c, const struct reply *r, struct bytes *out) {
  const struct server *s = c->server;
  size_t room = 64 + (r->lines ? strlen(r->lines) : 0);
  for (size_t i = 0; i < r->header_count; i++)
    room += r->headers[i].name.len + r->headers[i].value.len + 4;
  bytes_clear(out);
  int err = bytes_reserve(out, 1024 + (s->hsts ? strlen(s->hsts) : 0));
  if (err) return err;
  put_own(c, r, out);
  err = put_cors(c, r, out);
  if (!err) err = bytes_reserve(out, room);
  if (err) return err;
  put_theirs(s, r, out);
  return bytes_append(out, "\r\n", 2);
}

/* --- bytes out -------------------------------------------------------------------------------- */

static void on_written(uv_write_t *write, int status) {
  struct connection *c = write->data;
  free(c->unsent);
  c->unsent = NULL;
  if (c->gone) return;
  if (status)
    connection_close(c);
  else
    connection_sent(c);
}

static void queue_rest(struct connection *c, const uv_buf_t bufs[2], size_t sent) {
  size_t total = bufs[0].len + bufs[1].len, head = sent < bufs[0].len ? bufs[0].len - sent : 0;
  size_t skip = sent > bufs[0].len ? sent - bufs[0].len : 0;
  char *copy = malloc(total - sent);
  if (!copy) {
    connection_close(c);
    return;
  }
  memcpy(copy, bufs[0].base + bufs[0].len - head, head);
  if (bufs[1].len > skip) memcpy(copy + head, bufs[1].base + skip, bufs[1].len - skip);
  uv_buf_t rest = uv_buf_init(copy, (unsigned)(total - sent));
  c->unsent = copy;
  c->write.data = c;
  connection_enter(c, PHASE_WRITE, c->server->settings.limits.write_deadline);
  if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &rest, 1, on_written)) connection_close(c);
}

static void send_bytes(struct connection *c, const uv_buf_t bufs[2]) {
  int sent = uv_try_write((uv_stream_t *)&c->tcp, bufs, bufs[1].len ? 2 : 1);
  if (sent == UV_EAGAIN) sent = 0;
  if (sent < 0)
    connection_close(c);
  else if ((size_t)sent < bufs[0].len + bufs[1].len)
    queue_rest(c, bufs, (size_t)sent);
  else
    connection_sent(c);
}

void reply_note(struct connection *c, const struct reply *r) {
  struct server *s = c->server;
  if (!s->settings.on_reply) return;
  const struct http1_request *request = http1_request(c->parser);
  bool head = http1_has_head(c->parser);
  char peer[ADDRESS_TEXT];
  struct server_reply note = {
      .method = head ? request->method : (struct slice){"-", 1},
      .path = head ? request->path : (struct slice){"-", 1},
      .remote = {c->exchange.remote, c->exchange.remote_len},
      .request_id = {c->exchange.request_id, c->exchange.request_id_len},
      .status = r->status,
      .refusal = r->refusal,
      .duration = c->started ? uv_hrtime() - c->started : 0,
      .bytes = r->body_len,
      .gone = c->gone,
  };
  if (!note.remote.len) note.remote = (struct slice){peer, address_text(&c->peer, peer)};
  s->settings.on_reply(&note, s->ctx);
}

static bool may_keep(const struct connection *c) {
  const struct server *s = c->server;
  unsigned most = s->settings.limits.requests_per_connection;
  if (!http1_has_head(c->parser) || s->draining || (c->eof && !c->ahead.len)) return false;
  return http1_request(c->parser)->keep_alive && (!most || c->served < most);
}

void reply_send(struct connection *c, const struct reply *r) {
  static const struct http1_refusal broken = {500, "internal_error", "the reply could not be sent",
                                              NULL};
  struct bytes *head = &c->server->head;
  if (!sendable(r)) {
    reply_refuse(c, &broken, NULL);
    return;
  }
  if (!may_keep(c)) c->closing = true;
  if (!c->exchange.request_id_len) reply_identify(c);
  reply_note(c, r);
  if (compose(c, r, head)) {
    connection_close(c);
    return;
  }
  bool bare = r->status == 204 || r->status == 304 || http1_wants_head(c->parser);
  size_t body_len = bare ? 0 : r->body_len;
  if (body_len && body_len <= INLINE_BODY && !bytes_append(head, r->body, body_len)) body_len = 0;
  uv_buf_t bufs[2] = {uv_buf_init(head->data, (unsigned)head->len),
                      uv_buf_init((char *)(uintptr_t)r->body, (unsigned)body_len)};
  send_bytes(c, bufs);
}

void reply_refuse(struct connection *c, const struct http1_refusal *why, const char *lines) {
  static const struct exchange_header json = {{"Content-Type", 12}, {"application/json", 16}};
  struct exchange_header headers[2] = {json, {{"Allow", 5}, {0}}};
  char body[512];
  if (!c->exchange.request_id_len) reply_identify(c);
  if (why->allow) headers[1].value = (struct slice){why->allow, strlen(why->allow)};
  int len = snprintf(
      body, sizeof body, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"request_id\":\"%.*s\"}}",
      why->code, why->message, (int)c->exchange.request_id_len, c->exchange.request_id);
  reply_send(c, &(struct reply){.status = why->status,
                                .headers = headers,
                                .header_count = why->allow ? 2 : 1,
                                .body = body,
                                .body_len = (size_t)len,
                                .lines = lines,
                                .refusal = why->code});
}
