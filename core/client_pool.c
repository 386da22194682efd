/* SPDX-License-Identifier: MIT */
/* A link is a connection and what it is doing: it is made, serves one call after another, idles,
   and ends. Calls to one origin are served in the order in which they came. Whatever a step here
   leads to, user->on_end is its last act. */
#include "client_pool.h"

#include "client_origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_MS = 45 * 1000 }; /* a kept connection that has idled longer is not used again */

enum kind { MAKING, IDLE }; /* of a link's deadline */

static void serve_all(struct pool *p);

/* --- links --- */

static void link_made(struct link *k) {
  struct origin *o = k->origin;
  if (!k->making) return;
  k->making = false;
  links_remove(&o->making, k);
  o->making_count--;
}

/* From the idle list, the making list, or its call. */
static void link_close(struct link *k) {
  struct origin *o = k->origin;
  if (k->call) {
    k->call->link = NULL;
  } else if (k->making) {
    link_made(k);
  } else {
    links_remove(&o->idle, k);
  }
  deadline_clear(&k->deadline);
  if (k->socket) client_socket_close(k->socket);
  o->links--;
  o->pool->links--;
  free(k);
}

/* The call has left its link. */
static void link_rest(struct link *k) {
  struct pool *p = k->origin->pool;
  k->call = NULL;
  k->used = true;
  links_add(&k->origin->idle, k);
  client_socket_wait(k->socket, true);
  deadline_set(&p->deadlines, &k->deadline, IDLE, uv_now(p->loop) + IDLE_MS);
}

static void link_give(struct link *k, struct client_call *call) {
  origin_dequeue(call);
  k->call = call;
  call->link = k;
  k->origin->pool->user->on_link(call);
}

/* The newest idle link that is still good, taken from its list | NULL. */
static struct link *take_idle(struct origin *o) {
  for (struct link *k; (k = o->idle.newest);) {
    if (!client_socket_is_quiet(k->socket)) {
      link_close(k);
      continue;
    }
    links_remove(&o->idle, k);
    deadline_clear(&k->deadline);
    client_socket_wait(k->socket, false);
    return k;
  }
  return NULL;
}

/* What fails at once is told later: nothing of it may come inside client_send. */
static void link_doom(struct link *k, enum client_error error, const char *words) {
  k->error = error;
  snprintf(k->message, sizeof k->message, "%s:%u: %.160s", k->origin->host, k->origin->port, words);
  deadline_set(&k->origin->pool->deadlines, &k->deadline, MAKING, 0);
}

/* The one that waits longest pays for a link that could not be made. */
static void link_failed(struct link *k, enum client_error error) {
  char message[sizeof k->message];
  struct origin *o = k->origin;
  struct pool *p = o->pool;
  memcpy(message, k->message, sizeof message);
  link_close(k);
  struct client_call *call = o->waiting;
  if (call) origin_dequeue(call);
  serve_all(p);
  if (!call) return;
  call->origin = NULL;
  p->user->on_end(call, error, message);
}

static const struct client_socket_user of_link;

/* An address that another one follows has half of the time that is left to answer. */
static void link_hurry(struct link *k) {
  struct pool *p = k->origin->pool;
  uint64_t now = uv_now(p->loop), at = k->until;
  if (k->address->ai_next && now < at) at = now + (at - now) / 2;
  deadline_set(&p->deadlines, &k->deadline, MAKING, at);
}

/* To the next of the addresses that takes the connection. */
static void link_connect(struct link *k, const char *words) {
  struct origin *o = k->origin;
  struct pool *p = o->pool;
  for (; k->address; k->address = k->address->ai_next) {
    int err = client_socket_open(p->loop, k->address, o->tls ? p->trust : NULL, &o->peer, &of_link,
                                 k, &k->socket);
    if (!err) {
      link_hurry(k);
      return;
    }
    k->socket = NULL;
    words = uv_strerror(err);
  }
  link_doom(k, CLIENT_CONNECT, words);
}

/* To the first of the addresses, when there are any. err: of the look-up that was waited for. */
static void link_find(struct link *k, int err) {
  struct origin *o = k->origin;
  if (!err) err = client_names_get(o->names, &k->address);
  if (err == UV_EAGAIN) return;
  if (err)
    link_doom(k, CLIENT_DNS, uv_strerror(err));
  else
    link_connect(k, "no address");
}

/* The name has been looked up, for all links that wait for that. One that still tries an old address
   begins anew when that fails. */
static void on_found(void *origin, int err) {
  struct origin *o = origin;
  for (struct link *k = o->making.newest; k; k = k->older) {
    k->address = NULL;
    if (!k->socket && !k->error) link_find(k, err);
  }
}

/* 0 or UV_ENOMEM. */
static int link_new(struct origin *o) {
  struct pool *p = o->pool;
  struct link *k = calloc(1, sizeof *k);
  if (!k) return UV_ENOMEM;
  k->origin = o;
  k->making = true;
  links_add(&o->making, k);
  o->making_count++;
  o->links++;
  p->links++;
  uv_update_time(p->loop);
  k->until = uv_now(p->loop) + p->settings->connect_timeout_ms;
  deadline_set(&p->deadlines, &k->deadline, MAKING, k->until);
  if (o->tls && !p->trust && !(p->trust = client_tls_open(p->settings->ca_file))) {
    link_doom(k, CLIENT_TLS, "the trusted certificates cannot be read (http.ca_file)");
  } else {
    link_find(k, 0);
  }
  return 0;
}

/* --- who is served --- */

/* Another host's connection that has idled longest makes room, or one that is being made and that
   nobody waits for any more. */
static bool make_room(struct pool *p) {
  struct link *oldest = NULL, *spare = NULL;
  for (struct origin *o = p->origins; o; o = o->next) {
    struct link *k = o->idle.oldest;
    if (k && (!oldest || k->deadline.at < oldest->deadline.at)) oldest = k;
    if (o->making_count > o->waiting_count) spare = o->making.newest;
  }
  if (!oldest) oldest = spare;
  if (oldest) link_close(oldest);
  return oldest;
}

/* One that idles while a call waits is of no use to that call, which wants a new one. */
static bool may_link(struct origin *o) {
  struct pool *p = o->pool;
  if (o->links >= p->settings->max_host_connections) {
    if (!o->idle.oldest) return false;
    link_close(o->idle.oldest);
  }
  return p->links < p->settings->max_connections || make_room(p);
}

/* Has anybody got anything? A kept connection is of no use to a fresh call, whose turn may come
   nevertheless. */
static bool serve(struct origin *o) {
  bool served = false;
  unsigned fresh = 0;
  struct link *k;
  for (struct client_call *call = o->waiting, *behind; call && o->idle.newest; call = behind) {
    behind = call->behind;
    if (call->fresh) {
      if (++fresh > o->making_count && may_link(o)) served |= !link_new(o);
    } else if ((k = take_idle(o))) {
      link_give(k, call);
      served = true;
    }
  }
  while (o->waiting_count > o->making_count && may_link(o)) {
    if (link_new(o)) break; /* the deadlines of those that wait tell */
    served = true;
  }
  return served;
}

/* Who got something comes last the next time: a busy host does not take all that is set free. */
static void serve_all(struct pool *p) {
  for (struct origin **at = &p->origins, *o; p->waiting && (o = *at);) {
    if (o->waiting && serve(o))
      origin_last(at);
    else
      at = &o->next;
  }
}

/* --- what sockets tell --- */

/* It could not be made with this address. */
static void link_next(struct link *k, int err, const char *words) {
  client_socket_close(k->socket);
  k->socket = NULL;
  if (err == UV_EPROTO) {
    origin_forget_session(k->origin); /* it may be why */
    link_doom(k, CLIENT_TLS, words);
  } else if (k->address) {
    k->address = k->address->ai_next;
    link_connect(k, words);
  } else {
    link_find(k, 0);
  }
}

static void on_open(void *ctx) {
  struct link *k = ctx;
  struct origin *o = k->origin;
  link_made(k);
  deadline_clear(&k->deadline);
  if (o->waiting) {
    link_give(k, o->waiting);
    return;
  }
  link_rest(k);
  serve_all(o->pool);
}

/* An idle peer has nothing to say that is worth hearing: a goodbye, or an answer to nobody. */
static void on_data(void *ctx, const char *data, size_t len) {
  struct link *k = ctx;
  struct pool *p = k->origin->pool;
  if (k->call) {
    p->user->on_data(k->call, data, len);
    return;
  }
  link_close(k);
  serve_all(p);
}

static void on_end(void *ctx, int err, const char *words) {
  struct link *k = ctx;
  struct pool *p = k->origin->pool;
  if (k->making) {
    link_next(k, err, words);
    return;
  }
  struct client_call *call = k->call;
  bool again = call && k->used && p->user->goes_again(call);
  link_close(k);
  if (again) {
    call->fresh = true;
    origin_enqueue(call->origin, call);
  } else if (call) {
    call->origin = NULL;
  }
  serve_all(p);
  if (call && !again) p->user->on_end(call, err == UV_EOF ? CLIENT_OK : CLIENT_RESET, words);
}

static const struct client_socket_user of_link = {on_open, on_data, on_end};

/* While there is time, one whose address is silent tries the next, and one that shakes hands goes
   on. */
static void link_due(struct link *k) {
  struct pool *p = k->origin->pool;
  bool is_late = uv_now(p->loop) >= k->until;
  if (!is_late && k->socket && k->address && client_socket_is_connecting(k->socket)) {
    link_next(k, UV_ETIMEDOUT, uv_strerror(UV_ETIMEDOUT));
  } else if (!is_late) {
    deadline_set(&p->deadlines, &k->deadline, MAKING, k->until);
  } else {
    snprintf(k->message, sizeof k->message, "%s:%u: no connection within %u ms", k->origin->host,
             k->origin->port, p->settings->connect_timeout_ms);
    link_failed(k, CLIENT_TIMEOUT);
  }
}

static void on_due(struct deadline *deadline, void *ctx) {
  struct link *k = (struct link *)((char *)deadline - offsetof(struct link, deadline));
  (void)ctx;
  if (!k->making)
    link_close(k);
  else if (k->error)
    link_failed(k, k->error);
  else
    link_due(k);
}

/* --- the pool --- */

int pool_open(struct pool *p, uv_loop_t *loop, const struct client_settings *settings,
              const struct pool_user *user) {
  *p = (struct pool){.loop = loop, .settings = settings, .user = user};
  return deadlines_open(&p->deadlines, loop, on_due, p);
}

void pool_close(struct pool *p, uv_close_cb on_closed, void *ctx) {
  for (struct origin *o; (o = p->origins);) {
    while (o->idle.newest) link_close(o->idle.newest);
    while (o->making.newest) link_close(o->making.newest);
    p->origins = o->next;
    origin_free(o);
  }
  SSL_CTX_free(p->trust);
  p->deadlines.timer.data = ctx;
  deadlines_close(&p->deadlines, on_closed);
}

int pool_join(struct pool *p, struct client_call *call, const struct client_url *url) {
  struct origin *o = call->origin = origin_of(p, url, on_found);
  if (!o) return UV_ENOMEM;
  origin_enqueue(o, call);
  serve(o);
  return 0;
}

void pool_write(struct client_call *call, struct slice bytes) {
  client_socket_write(call->link->socket, bytes);
}

void pool_leave(struct pool *p, struct client_call *call, bool keep) {
  struct link *k = call->link;
  if (!call->origin) return;
  if (!k) {
    origin_dequeue(call);
  } else if (keep && client_socket_written(k->socket)) {
    call->link = NULL;
    link_rest(k);
  } else {
    link_close(k);
  }
  call->origin = NULL;
  if (p->waiting) serve_all(p);
}
