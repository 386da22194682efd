/* SPDX-License-Identifier: MIT */
/* The HTTP client: a call's request goes out on a connection of the pool, llhttp reads what comes
   back. Nothing of the caller runs but on_done, and that is always the last act of a step. */
#include "client.h"

#include "client_call.h"
#include "client_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RESPONSE = 4 << 20 };

struct client {
  uv_loop_t *loop;
  struct client_settings settings;
  char *ca_file;
  struct pool pool;
  struct deadlines deadlines; /* of calls */
  struct client_call *calls;
  unsigned closing; /* timers that are not closed yet */
  bool closed;
};

const char *client_error_name(enum client_error error) {
  static const char *const names[] = {"ok",    "dns",       "connect",  "tls",     "timeout",
                                      "reset", "too_large", "protocol", "canceled"};
  return names[error];
}

/* --- the life of a call --- */

static void call_free(struct client_call *call) {
  client_bytes_free(call->request);
  client_reply_free(&call->reply);
  free(call);
}

/* What fails or ends by a timer only has nothing else that keeps the loop alive. */
static void hold_loop(struct client *c, void (*hold)(uv_handle_t *)) {
  hold((uv_handle_t *)&c->deadlines.timer);
  hold((uv_handle_t *)&c->pool.deadlines.timer);
}

static void call_link(struct client *c, struct client_call *call) {
  if (!c->calls) hold_loop(c, uv_ref);
  call->client = c;
  call->next = c->calls;
  call->to = &c->calls;
  if (call->next) call->next->to = &call->next;
  c->calls = call;
}

/* The call leaves its client; what is left is the reply. */
static void call_end(struct client_call *call, bool keep) {
  struct client *c = call->client;
  deadline_clear(&call->deadline);
  *call->to = call->next;
  if (call->next) call->next->to = call->to;
  if (!c->calls) hold_loop(c, uv_unref);
  call->client = NULL;
  pool_leave(&c->pool, call, keep);
  client_bytes_free(call->request);
  call->request = NULL;
}

static void finish(struct client_call *call, enum client_error error, const char *message) {
  call->error = error;
  if (message != call->message) snprintf(call->message, sizeof call->message, "%s", message);
  call_end(call, !error && call->reply.keep_alive);
  call->on_done(call, call->ctx);
}

/* A reply that can be taken no further ends its call, and one that is complete. */
static void judge(struct client_call *call) {
  switch (call->reply.state) {
  case REPLY_MORE: return;
  case REPLY_DONE: finish(call, CLIENT_OK, call->message); return;
  case REPLY_BAD: finish(call, CLIENT_PROTOCOL, "the reply is not HTTP/1.1"); return;
  case REPLY_TOO_LARGE: finish(call, CLIENT_TOO_LARGE, "the reply is larger than allowed"); return;
  case REPLY_NO_MEMORY: finish(call, CLIENT_CANCELED, "out of memory"); return;
  }
}

/* --- what the pool tells --- */

static void on_link(struct client_call *call) {
  call->sent = true;
  pool_write(call, (struct slice){call->request->data, call->request->len});
}

static void on_data(struct client_call *call, const char *data, size_t len) {
  client_reply_feed(&call->reply, data, len);
  judge(call);
}

static bool goes_again(struct client_call *call) {
  if (call->reply.taken) return false;
  call->dead = !call->request->repeatable;
  return !call->dead;
}

static void on_end(struct client_call *call, enum client_error error, const char *message) {
  if (call->sent && !error) {
    client_reply_end(&call->reply);
    if (call->reply.state != REPLY_MORE) {
      judge(call);
      return;
    }
    error = CLIENT_RESET;
    message = "the connection ended before the reply did";
  }
  if (call->dead)
    message = "the connection ended before any reply, and the request must not be sent twice";
  finish(call, error, message);
}

static const struct pool_user of_call = {on_link, on_data, goes_again, on_end};

static void on_due(struct deadline *deadline, void *ctx) {
  struct client_call *call =
      (struct client_call *)((char *)deadline - offsetof(struct client_call, deadline));
  (void)ctx;
  if (call->error)
    finish(call, call->error, call->message);
  else
    finish(call, CLIENT_TIMEOUT, "no reply before the deadline");
}

/* --- the verb --- */

/* Told later, not inside client_send. */
static void doom(struct client *c, struct client_call *call, const char *message) {
  call->error = CLIENT_PROTOCOL;
  snprintf(call->message, sizeof call->message, "%s", message);
  deadline_set(&c->deadlines, &call->deadline, 0, 0);
}

/* 0 or UV_ENOMEM, and then it is not the client's. */
static int call_start(struct client *c, struct client_call *call, const struct client_request *r) {
  struct client_url url;
  bool good = !client_url_parse(r->url, &url);
  if (good && !(call->request = client_bytes_new(r, &url))) return UV_ENOMEM;
  call_link(c, call);
  if (!good) {
    doom(c, call, "not an http or https URL");
    return 0;
  }
  client_reply_begin(&call->reply, call->request->is_head,
                     r->max_response ? r->max_response : MAX_RESPONSE);
  uv_update_time(c->loop);
  if (r->deadline_ms != UINT64_MAX) deadline_set(&c->deadlines, &call->deadline, 0, r->deadline_ms);
  if (r->deadline_ms <= uv_now(c->loop)) return 0; /* it is over before it began */
  int err = pool_join(&c->pool, call, &url);
  if (err) call_end(call, false);
  return err;
}

struct client_call *client_send(struct client *c, const struct client_request *r,
                                void (*on_done)(struct client_call *, void *ctx), void *ctx) {
  struct client_call *call = c->closed ? NULL : calloc(1, sizeof *call);
  if (!call) return NULL;
  call->on_done = on_done;
  call->ctx = ctx;
  if (!call_start(c, call, r)) return call;
  call_free(call);
  return NULL;
}

void client_call_free(struct client_call *call) {
  if (!call) return;
  if (call->client) call_end(call, false);
  call_free(call);
}

/* --- the client --- */

static struct client_settings with_defaults(struct client_settings s) {
  if (!s.max_connections) s.max_connections = 1024;
  if (!s.max_host_connections) s.max_host_connections = 512;
  if (!s.connect_timeout_ms) s.connect_timeout_ms = 5000;
  return s;
}

static void on_closed(uv_handle_t *timer) {
  struct client *c = timer->data;
  if (--c->closing) return;
  free(c->ca_file);
  free(c);
}

int client_open(uv_loop_t *loop, const struct client_settings *settings, struct client **out) {
  struct client *c = calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  c->loop = loop;
  c->settings = with_defaults(*settings);
  if (settings->ca_file && !(c->ca_file = strdup(settings->ca_file))) {
    free(c);
    return UV_ENOMEM;
  }
  c->settings.ca_file = c->ca_file;
  deadlines_open(&c->deadlines, loop, on_due, c); /* uv_timer_init cannot fail */
  pool_open(&c->pool, loop, &c->settings, &of_call);
  c->closing = 2;
  *out = c;
  return 0;
}

void client_close(struct client *c) {
  if (c->closed) return;
  c->closed = true;
  while (c->calls) finish(c->calls, CLIENT_CANCELED, "the client was closed");
  pool_close(&c->pool, on_closed, c);
  deadlines_close(&c->deadlines, on_closed);
}

/* --- the reply --- */

enum client_error client_call_error(const struct client_call *call) {
  return call->error;
}
const char *client_call_message(const struct client_call *call) {
  return call->message;
}
bool client_call_sent(const struct client_call *call) {
  return call->sent;
}
int client_call_status(const struct client_call *call) {
  return call->reply.status;
}

struct slice client_call_body(const struct client_call *call) {
  return (struct slice){call->reply.body.data, call->reply.body.len};
}

bool client_call_next_header(const struct client_call *call, size_t *at, struct slice *name,
                             struct slice *value) {
  return client_reply_next_header(&call->reply, at, name, value);
}
