/* SPDX-License-Identifier: MIT */
/* The server: listening, admission, the drain and the end. Everything is on one loop's thread. */
#include "server_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of most, the settings (config/usher.lua) have their own; these are for the tests and the sandbox.
 * Backlog, body_window, write_deadline, linger and drain_idle are everybody's. */
struct server_limits server_limits_default(void) {
  return (struct server_limits){
      .request_line = 8192,
      .headers = 16384,
      .fields = 100,
      .body = 65536,
      .connections = 8192,
      .connections_per_address = 1024,
      .requests_per_connection = 10000,
      .in_flight = 2048,
      .backlog = 1024,
      .head_deadline = 10000,
      .body_deadline = 20000,
      .body_min_rate = 100,
      .body_window = 5000,
      .idle = 75000,
      .request_deadline = 25000,
      .write_deadline = 20000,
      .linger = 1000,
      .drain_idle = 250,
  };
}

/* --- what connections share ------------------------------------------------------------------- */

static struct connection **bucket_of(struct server *s, const struct address *key) {
  unsigned hash = 2166136261u;
  for (size_t i = 0; i < sizeof key->bytes; i++) hash = (hash ^ key->bytes[i]) * 16777619u;
  return &s->buckets[hash % SERVER_BUCKETS];
}

/* Behind trusted hops every connection comes from the same few proxies: nothing to count. */
static bool address_full(struct server *s, const struct connection *c) {
  unsigned most = s->settings.limits.connections_per_address, seen = 0;
  if (!most || s->settings.proxy.trusted_hops) return false;
  struct address key = address_key(&c->peer);
  for (struct connection *other = *bucket_of(s, &key); other; other = other->same_bucket) {
    struct address theirs = address_key(&other->peer);
    if (!memcmp(&theirs, &key, sizeof key) && !other->surplus && ++seen >= most) return true;
  }
  return false;
}

static bool connections_full(const struct server *s) {
  const struct server_shared *shared = s->settings.shared;
  if (s->settings.limits.connections && s->connection_count >= s->settings.limits.connections)
    return true;
  return shared && shared->max_connections &&
         atomic_load(&shared->connections) >= shared->max_connections;
}

static void count_connection(struct server *s, const struct connection *c, int by) {
  if (c->surplus) {
    s->surplus += (unsigned)by;
    return;
  }
  s->connection_count += (unsigned)by;
  if (s->settings.shared) atomic_fetch_add(&s->settings.shared->connections, (unsigned)by);
}

void server_add(struct server *s, struct connection *c) {
  struct address key = address_key(&c->peer);
  struct connection **bucket = bucket_of(s, &key);
  c->surplus = connections_full(s) || address_full(s, c);
  c->same_bucket = *bucket;
  *bucket = c;
  c->next = s->connections;
  if (c->next) c->next->prev = c;
  s->connections = c;
  count_connection(s, c, 1);
}

static void unlink_bucket(struct server *s, const struct connection *c) {
  struct address key = address_key(&c->peer);
  struct connection **at = bucket_of(s, &key);
  while (*at != c) at = &(*at)->same_bucket;
  *at = c->same_bucket;
}

static void unlink_ready(struct server *s, const struct connection *c) {
  struct connection **at = &s->ready;
  while (*at && *at != c) at = &(*at)->ready;
  if (*at) *at = c->ready;
}

static void on_tick(uv_idle_t *tick);

static void look_whether_drained(struct server *s) {
  if (s->on_drained && !s->closing && !s->connections && !s->exchanges)
    uv_idle_start(&s->tick, on_tick);
}

void server_remove(struct server *s, struct connection *c) {
  unlink_bucket(s, c);
  if (c->is_ready) unlink_ready(s, c);
  if (c->prev)
    c->prev->next = c->next;
  else
    s->connections = c->next;
  if (c->next) c->next->prev = c->prev;
  count_connection(s, c, -1);
  look_whether_drained(s);
}

bool server_full(const struct server *s) {
  const struct server_shared *shared = s->settings.shared;
  if (s->settings.limits.in_flight && s->exchanges >= s->settings.limits.in_flight) return true;
  return shared && shared->max_in_flight &&
         atomic_load(&shared->in_flight) >= shared->max_in_flight;
}

void server_exchange_began(struct server *s) {
  s->exchanges++;
  if (s->settings.shared) atomic_fetch_add(&s->settings.shared->in_flight, 1);
}

static void free_server(struct server *s) {
  if (s->handles || s->exchanges) return;
  cors_free(s->cors);
  bytes_free(&s->head);
  free(s->name);
  free(s->prefix);
  free(s->hsts);
  free(s);
}

void server_exchange_ended(struct server *s) {
  s->exchanges--;
  if (s->settings.shared) atomic_fetch_sub(&s->settings.shared->in_flight, 1);
  if (s->closing)
    free_server(s);
  else
    look_whether_drained(s);
}

/* --- the next turn of the loop ---------------------------------------------------------------- */

static void on_tick(uv_idle_t *tick) {
  struct server *s = tick->data;
  uv_idle_stop(tick);
  while (s->ready) {
    struct connection *c = s->ready;
    s->ready = c->ready;
    c->ready = NULL;
    c->is_ready = false;
    connection_work(c);
  }
  if (!s->on_drained || s->connections || s->exchanges) return;
  void (*on_drained)(void *) = s->on_drained;
  s->on_drained = NULL;
  on_drained(s->drained_ctx);
}

void server_defer(struct connection *c) {
  struct server *s = c->server;
  if (c->is_ready) return;
  c->is_ready = true;
  c->ready = s->ready;
  s->ready = c;
  uv_idle_start(&s->tick, on_tick);
}

static void on_due(struct deadline *deadline, void *ctx) {
  (void)ctx;
  connection_due((struct connection *)((char *)deadline - offsetof(struct connection, deadline)));
}

static void on_connection(uv_stream_t *listener, int status) {
  struct server *s = listener->data;
  if (!status && s->listening) connection_accept(s);
}

/* --- open, drain, close ----------------------------------------------------------------------- */

static char *copied(const char *text, int *err) {
  char *copy = text ? strdup(text) : NULL;
  if (text && !copy) *err = UV_ENOMEM;
  return copy;
}

static int take_settings(struct server *s, const struct server_settings *settings) {
  int err = 0;
  const struct server_limits *l = &settings->limits;
  s->settings = *settings;
  s->settings.name = s->name = copied(settings->name ? settings->name : "", &err);
  s->settings.strip_prefix = s->prefix = copied(settings->strip_prefix, &err);
  s->settings.hsts = s->hsts = copied(settings->hsts, &err);
  server_allow_methods(s, "GET, POST");
  s->http1_limits = (struct http1_limits){l->request_line, l->headers, l->fields, l->body};
  return err ? err : cors_new(&settings->cors, &s->cors);
}

void server_allow_methods(struct server *s, const char *methods) {
  snprintf(s->methods, sizeof s->methods, "%s", methods);
}

static void on_handle_closed(uv_handle_t *handle) {
  server_handle_closed(handle->data);
}

static int open_handles(struct server *s, int fd) {
  deadlines_open(&s->deadlines, s->loop, on_due, s);
  uv_idle_init(s->loop, &s->tick);
  int err = uv_tcp_init(s->loop, &s->listener);
  s->listener.data = s->tick.data = s;
  s->handles = 3;
  s->listening = true;
  if (!err) err = uv_tcp_open(&s->listener, fd);
  if (err) {
    close(fd);
    return err;
  }
  return uv_listen((uv_stream_t *)&s->listener, (int)s->settings.limits.backlog, on_connection);
}

int server_open(uv_loop_t *loop, int fd, const struct server_settings *settings,
                void (*on_request)(struct exchange *, void *ctx), void *ctx, struct server **out) {
  struct server *s = calloc(1, sizeof *s);
  int err = s ? take_settings(s, settings) : UV_ENOMEM;
  if (err) {
    close(fd);
    if (s) free_server(s);
    return err;
  }
  s->loop = loop;
  s->on_request = on_request;
  s->ctx = ctx;
  err = open_handles(s, fd);
  if (err)
    server_close(s, NULL, NULL);
  else
    *out = s;
  return err;
}

static void stop_listening(struct server *s) {
  if (!s->listening) return;
  s->listening = false;
  uv_close((uv_handle_t *)&s->listener, on_handle_closed);
}

void server_drain(struct server *s, void (*on_drained)(void *ctx), void *ctx) {
  s->draining = true;
  s->on_drained = on_drained;
  s->drained_ctx = ctx;
  stop_listening(s);
  for (struct connection *c = s->connections; c; c = c->next)
    if (c->phase == PHASE_IDLE || (c->phase == PHASE_HEAD && !http1_started(c->parser)))
      connection_enter(c, c->phase, s->settings.limits.drain_idle);
  look_whether_drained(s);
}

void server_close(struct server *s, void (*on_closed)(void *ctx), void *ctx) {
  s->closing = true;
  s->on_closed = on_closed;
  s->closed_ctx = ctx;
  s->on_drained = NULL;
  stop_listening(s);
  while (s->connections) connection_close(s->connections);
  uv_close((uv_handle_t *)&s->tick, on_handle_closed);
  deadlines_close(&s->deadlines, on_handle_closed);
}

void server_handle_closed(struct server *s) {
  if (--s->handles || !s->closing) return;
  void (*on_closed)(void *) = s->on_closed;
  void *ctx = s->closed_ctx;
  free_server(s);
  if (on_closed) on_closed(ctx);
}
