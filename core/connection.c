/* SPDX-License-Identifier: MIT */
/* One connection's life: bytes in, phases, deadlines, the end.
 * Handles die in their close callback. */
#include "server_state.h"

#include <stdlib.h>
#include <string.h>

enum {
  AHEAD_MAX = 65536,    /* pipelined bytes kept while a request is in flight; then reading stops */
  LINGER_MAX = 1 << 20, /* bytes thrown away before we stop being polite */
  SURPLUS_MAX = 64,     /* connections over the cap that still get a 503 */
};

static bool takes_bytes(const struct connection *c) {
  return c->phase <= PHASE_BODY && !c->gone;
}

void connection_enter(struct connection *c, enum phase phase, unsigned ms) {
  c->phase = phase;
  deadline_set(&c->server->deadlines, &c->deadline, (int)phase, uv_now(c->server->loop) + ms);
}

/* --- the end ---------------------------------------------------------------------------------- */

void connection_release(struct connection *c) {
  if (!c->closed || c->exchange.pending) return;
  http1_free(c->parser);
  bytes_free(&c->ahead);
  free(c);
}

static void on_closed(uv_handle_t *handle) {
  struct connection *c = handle->data;
  struct server *s = c->server;
  c->closed = true;
  connection_release(c);
  server_handle_closed(s);
}

static void leave(struct connection *c) {
  c->gone = true;
  deadline_clear(&c->deadline);
  server_remove(c->server, c);
}

void connection_close(struct connection *c) {
  if (c->gone) return;
  leave(c);
  uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void connection_reset(struct connection *c) {
  if (c->gone) return;
  leave(c);
  if (uv_tcp_close_reset(&c->tcp, on_closed)) uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)suggested;
  struct connection *c = handle->data;
  *buf = uv_buf_init(c->server->read, sizeof c->server->read);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status) {
  (void)shutdown;
  (void)status; /* the deadline ends it either way */
}

/* A close with unread bytes would reset the connection and take our answer with it. */
static void linger(struct connection *c) {
  bytes_free(&c->ahead);
  if (c->eof || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown)) {
    connection_close(c);
    return;
  }
  if (c->stopped) uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
  connection_enter(c, PHASE_LINGER, c->server->settings.limits.linger);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void refuse(struct connection *c, const struct http1_refusal *why) {
  c->closing = true;
  reply_refuse(c, why, NULL);
}

static void time_out(struct connection *c) {
  static const struct http1_refusal slow = {408, "request_timeout", "the request came too slowly",
                                            NULL};
  if (!http1_started(c->parser)) {
    connection_close(c);
    return;
  }
  refuse(c, &slow);
}

static void enter_window(struct connection *c) {
  uint64_t left = c->body_deadline - uv_now(c->server->loop);
  unsigned window = c->server->settings.limits.body_window;
  c->window_bytes = 0;
  connection_enter(c, PHASE_BODY, left < window ? (unsigned)left : window);
}

static void end_window(struct connection *c) {
  const struct server_limits *limits = &c->server->settings.limits;
  uint64_t least = (uint64_t)limits->body_min_rate * limits->body_window / 1000;
  if (uv_now(c->server->loop) >= c->body_deadline || c->window_bytes < least)
    time_out(c);
  else
    enter_window(c);
}

void connection_due(struct connection *c) {
  switch (c->phase) {
  case PHASE_HEAD: time_out(c); break;
  case PHASE_BODY: end_window(c); break;
  case PHASE_FLOW: exchange_expire(c); break;
  case PHASE_IDLE:
  case PHASE_WRITE:
  case PHASE_LINGER: connection_close(c); break;
  }
}

/* --- bytes in --------------------------------------------------------------------------------- */

static void begin_body(struct connection *c, bool nothing_came) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  c->body_deadline = uv_now(c->server->loop) + c->server->settings.limits.body_deadline;
  enter_window(c);
  if (!nothing_came || !http1_request(c->parser)->expects_continue) return;
  uv_buf_t buf = uv_buf_init((char *)(uintptr_t)go_on, sizeof go_on - 1);
  if (uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) != sizeof go_on - 1) connection_close(c);
}

static void step(struct connection *c, enum http1_state state, bool all_used) {
  switch (state) {
  case HTTP1_HEAD:
    if (c->phase == PHASE_IDLE)
      connection_enter(c, PHASE_HEAD, c->server->settings.limits.head_deadline);
    break;
  case HTTP1_BODY:
    if (c->phase != PHASE_BODY) begin_body(c, all_used);
    break;
  case HTTP1_REQUEST: exchange_start(c); break;
  case HTTP1_REFUSED: refuse(c, http1_refusal(c->parser)); break;
  }
}

static size_t consume(struct connection *c, const char *data, size_t len) {
  size_t n = 0;
  c->working = true;
  while (n < len && takes_bytes(c)) {
    size_t used;
    if (!c->started) c->started = uv_hrtime();
    enum http1_state state = http1_feed(c->parser, data + n, len - n, &used);
    n += used;
    c->window_bytes += used;
    step(c, state, n == len);
  }
  c->working = false;
  return n;
}

/* Nothing is ahead and the client is silent: is there anything left to wait for? */
static void settle(struct connection *c) {
  if (!takes_bytes(c) || c->ahead.len) return;
  if (c->eof) {
    connection_close(c);
  } else if (c->stopped) {
    c->stopped = false;
    if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) connection_close(c);
  }
}

void connection_work(struct connection *c) {
  if (c->working || c->gone) return;
  size_t used = consume(c, c->ahead.data, c->ahead.len);
  if (used && used < c->ahead.len)
    memmove(c->ahead.data, c->ahead.data + used, c->ahead.len - used);
  c->ahead.len -= used < c->ahead.len ? used : c->ahead.len;
  if (!c->ahead.len) bytes_free(&c->ahead);
  settle(c);
}

static void keep_ahead(struct connection *c, const char *data, size_t len) {
  if (c->gone || c->phase == PHASE_LINGER || !len) return;
  if (bytes_append(&c->ahead, data, len)) {
    connection_close(c);
  } else if (c->ahead.len >= AHEAD_MAX) {
    c->stopped = true;
    uv_read_stop((uv_stream_t *)&c->tcp);
  }
}

static void end_of_input(struct connection *c, ssize_t why) {
  c->eof = true;
  if (why != UV_EOF || c->phase == PHASE_LINGER)
    connection_close(c);
  else if (!c->is_ready)
    settle(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct connection *c = stream->data;
  if (n < 0) {
    end_of_input(c, n);
  } else if (c->phase == PHASE_LINGER) {
    c->lingered += (size_t)n;
    if (c->lingered > LINGER_MAX) connection_close(c);
  } else {
    size_t used = c->ahead.len ? 0 : consume(c, buf->base, (size_t)n);
    keep_ahead(c, buf->base + used, (size_t)n - used);
  }
}

void connection_sent(struct connection *c) {
  const struct server_limits *limits = &c->server->settings.limits;
  if (c->closing) {
    linger(c);
    return;
  }
  http1_next(c->parser);
  c->started = 0;
  c->exchange.request_id_len = c->exchange.remote_len = 0;
  connection_enter(c, PHASE_IDLE, limits->idle);
  if (!c->working && (c->ahead.len || c->eof)) server_defer(c);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static bool learn_peer(struct connection *c) {
  struct sockaddr_storage peer;
  int len = sizeof peer;
  if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &len)) return false;
  return address_of_socket(&c->peer, (struct sockaddr *)&peer);
}

static void begin(struct connection *c) {
  static const struct http1_refusal full = {503, "overloaded", "too many connections", NULL};
  struct server *s = c->server;
  connection_enter(c, PHASE_HEAD, s->settings.limits.head_deadline);
  if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) {
    connection_close(c);
  } else if (c->surplus) {
    c->closing = true;
    reply_refuse(c, &full, "Retry-After: 1\r\n");
  }
}

int connection_accept(struct server *s) {
  struct connection *c = calloc(1, sizeof *c);
  if (!c || !(c->parser = http1_new(&s->http1_limits))) goto fail;
  int err = uv_tcp_init(s->loop, &c->tcp);
  if (err) goto fail;
  c->tcp.data = c;
  c->server = s;
  s->handles++;
  bool usable = !uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) && learn_peer(c);
  server_add(s, c);
  if (!usable || s->surplus > SURPLUS_MAX) {
    connection_close(c);
    return 0;
  }
  uv_tcp_nodelay(&c->tcp, 1);
  begin(c);
  return 0;
fail:
  if (c) http1_free(c->parser);
  free(c);
  return UV_ENOMEM;
}
