/* SPDX-License-Identifier: MIT */
/* The exchange: what the handler sees of a request, and the way back. */
#include "gate.h"
#include "server_state.h"

#include <string.h>

static struct connection *connection_of(const struct exchange *e) {
  return (struct connection *)((char *)(uintptr_t)e - offsetof(struct connection, exchange));
}

static const struct http1_request *request_of(const struct exchange *e) {
  return http1_request(connection_of(e)->parser);
}

/* --- its beginning ---------------------------------------------------------------------------- */

static struct slice strip(struct slice path, const char *prefix) {
  size_t len = prefix ? strlen(prefix) : 0;
  if (!len || path.len < len || memcmp(path.data, prefix, len)) return path;
  if (path.len == len) return (struct slice){"/", 1};
  return path.data[len] == '/' ? (struct slice){path.data + len, path.len - len} : path;
}

static struct address client_of(const struct connection *c) {
  enum { LINES = 16 };
  const struct proxy_settings *proxy = &c->server->settings.proxy;
  const struct http1_request *r = http1_request(c->parser);
  const char *name = proxy->header == PROXY_FORWARDED ? "forwarded" : "x-forwarded-for";
  struct slice lines[LINES];
  struct address found;
  size_t first = LINES;
  if (!proxy->trusted_hops) return c->peer;
  for (size_t i = r->header_count; i > 0 && first > 0; i--)
    if (http1_is(r->headers[i - 1].name, name)) lines[--first] = r->headers[i - 1].value;
  return address_forwarded(&found, proxy, lines + first, LINES - first) ? found : c->peer;
}

static void begin(struct connection *c) {
  struct exchange *e = &c->exchange;
  struct address client = client_of(c);
  e->pending = true;
  e->answered = false;
  e->path = strip(http1_request(c->parser)->path, c->server->settings.strip_prefix);
  e->remote_len = address_text(&client, e->remote);
  e->key_len = address_key_text(&client, e->key);
  server_exchange_began(c->server);
}

static bool answer_here(struct connection *c, const struct http1_request *r) {
  static const struct http1_refusal foreign = {403, "origin_not_allowed",
                                               "this origin may not call", NULL};
  struct slice origin;
  if (!http1_is(r->method, "OPTIONS")) return false;
  if (r->path.len == 1 && r->path.data[0] == '*') {
    reply_send(c, &(struct reply){.status = 204, .lines = "Allow: " GATE_ALLOW "\r\n"});
    return true;
  }
  if (!cors_on(c->server->cors) || !http1_header(r, "origin", &origin)) return false;
  if (!http1_header(r, "access-control-request-method", NULL)) return false;
  if (cors_allows(c->server->cors, origin))
    reply_send(c, &(struct reply){.status = 204, .preflight = true});
  else
    reply_refuse(c, &foreign, NULL);
  return true;
}

/* Whoever asks whether the process lives must not hear that it is busy. */
static bool is_probe(const struct connection *c) {
  struct slice path = strip(http1_request(c->parser)->path, c->server->settings.strip_prefix);
  for (const char *const *probe = c->server->settings.probes; probe && *probe; probe++)
    if (strlen(*probe) == path.len && !memcmp(*probe, path.data, path.len)) return true;
  return false;
}

void exchange_start(struct connection *c) {
  static const struct http1_refusal full = {503, "overloaded", "too many requests in flight", NULL};
  struct server *s = c->server;
  c->served++;
  reply_identify(c);
  if (answer_here(c, http1_request(c->parser))) return;
  if (server_full(s) && !is_probe(c)) {
    reply_refuse(c, &full, "Retry-After: 1\r\n");
    return;
  }
  begin(c);
  connection_enter(c, PHASE_FLOW, s->settings.limits.request_deadline);
  s->on_request(&c->exchange, s->ctx);
}

void exchange_expire(struct connection *c) {
  static const struct http1_refusal late = {504, "deadline_exceeded", "no answer in time", NULL};
  c->exchange.answered = c->closing = true;
  reply_refuse(c, &late, NULL);
}

/* --- its end ---------------------------------------------------------------------------------- */

void exchange_reply(struct exchange *e, int status, const struct exchange_header *headers,
                    size_t count, const char *body, size_t len) {
  struct connection *c = connection_of(e);
  struct server *s = c->server;
  bool gone = exchange_gone(e);
  e->pending = false;
  if (!gone) {
    reply_send(c, &(struct reply){.status = status,
                                  .headers = headers,
                                  .header_count = count,
                                  .body = body,
                                  .body_len = len});
  } else {
    if (!e->answered) reply_note(c, &(struct reply){.status = status, .body_len = len});
    connection_release(c);
  }
  server_exchange_ended(s);
}

void exchange_abort(struct exchange *e) {
  struct connection *c = connection_of(e);
  struct server *s = c->server;
  if (!e->answered) reply_note(c, &(struct reply){0});
  e->pending = false;
  if (exchange_gone(e))
    connection_release(c);
  else
    connection_reset(c);
  server_exchange_ended(s);
}

bool exchange_gone(const struct exchange *e) {
  return e->answered || connection_of(e)->gone;
}

bool exchange_half_closed(const struct exchange *e) {
  return connection_of(e)->eof;
}

/* --- its questions ---------------------------------------------------------------------------- */

struct slice exchange_listener(const struct exchange *e) {
  const char *name = connection_of(e)->server->settings.name;
  return (struct slice){name, strlen(name)};
}

struct slice exchange_method(const struct exchange *e) {
  return request_of(e)->method;
}
struct slice exchange_target(const struct exchange *e) {
  return request_of(e)->target;
}
struct slice exchange_path(const struct exchange *e) {
  return e->path;
}
struct slice exchange_query(const struct exchange *e) {
  return request_of(e)->query;
}
struct slice exchange_body(const struct exchange *e) {
  return request_of(e)->body;
}
struct slice exchange_remote(const struct exchange *e) {
  return (struct slice){e->remote, e->remote_len};
}
struct slice exchange_remote_key(const struct exchange *e) {
  return (struct slice){e->key, e->key_len};
}
struct slice exchange_request_id(const struct exchange *e) {
  return (struct slice){e->request_id, e->request_id_len};
}
size_t exchange_header_count(const struct exchange *e) {
  return request_of(e)->header_count;
}

bool exchange_header(const struct exchange *e, const char *name, struct slice *value) {
  return http1_header(request_of(e), name, value);
}

struct exchange_header exchange_header_at(const struct exchange *e, size_t i) {
  const struct http1_header *h = &request_of(e)->headers[i];
  return (struct exchange_header){h->name, h->value};
}
