/* SPDX-License-Identifier: MIT */
/* curl's multi_socket interface on uv. curl leaves a socket at the end of each transfer and comes
   back to it at the next; uv_poll would pay two epoll_ctl for that, so a kept-alive socket stays
   watched here until it is closed or becomes readable by itself (the peer hung up: curl sees that
   when it wants to use it). Each watch dies in its close callback. */
#include "multi.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct watch {
  uv_poll_t poll;
  struct multi *multi;
  curl_socket_t fd;
  int events; /* what uv watches now */
  bool kept;  /* made by multi_open_socket: closed by multi_close_socket only */
  bool idle;  /* kept, and curl has left it */
};

struct multi {
  uv_loop_t *loop;
  CURLM *curl;
  uv_timer_t timer;
  uv_idle_t soon; /* runs before the loop next waits; uv_timer's 0 would cost one more epoll_wait */
  bool due;       /* curl asked to be called at once */
  struct watch **watches; /* by fd */
  size_t watch_cap;
  unsigned handles; /* not yet closed */
  void (*on_step)(void *ctx, bool timer);
  void (*on_closed)(void *ctx);
  void *ctx;
};

static void handle_closed(struct multi *m) {
  if (--m->handles) return;
  m->on_closed(m->ctx);
  free(m->watches);
  free(m);
}

/* --- sockets --- */

static void on_watch_closed(uv_handle_t *handle) {
  struct watch *w = handle->data;
  struct multi *m = w->multi;
  free(w);
  handle_closed(m);
}

/* An idle connection has nothing to say: its peer has hung up, perhaps with a last word (a TLS
   alert, a 408). curl 7.88 peeks before it uses the connection again and takes both a last word and
   a reset for life. With both sides shut and nothing left to read, its peek says what is true. */
static void watch_retire(struct watch *w) {
  char waste[4096];
  shutdown(w->fd, SHUT_RDWR);
  for (int i = 0; i < 64 && recv(w->fd, waste, sizeof waste, MSG_DONTWAIT) != 0; i++) {}
  uv_poll_stop(&w->poll);
  w->events = 0;
}

/* An error on the socket is told as what curl waits for: then it reads what is left, and the error
   after that. */
static void on_readiness(uv_poll_t *poll, int status, int events) {
  struct watch *w = poll->data;
  struct multi *m = w->multi;
  if (w->idle) {
    watch_retire(w);
    return;
  }
  if (status < 0) {
    events = w->events;
    w->events = 0; /* uv has stopped it */
  }
  int flags = events & UV_READABLE ? CURL_CSELECT_IN : 0;
  if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
  int running;
  curl_multi_socket_action(m->curl, w->fd, flags, &running);
  m->on_step(m->ctx, false);
}

static struct watch *watch_find(const struct multi *m, curl_socket_t fd) {
  return (size_t)fd < m->watch_cap ? m->watches[fd] : NULL;
}

static int watch_room(struct multi *m, curl_socket_t fd) {
  if ((size_t)fd < m->watch_cap) return 0;
  size_t cap = m->watch_cap ? m->watch_cap : 64;
  while (cap <= (size_t)fd) cap *= 2;
  struct watch **watches = realloc(m->watches, cap * sizeof *watches);
  if (!watches) return UV_ENOMEM;
  for (size_t i = m->watch_cap; i < cap; i++) watches[i] = NULL;
  m->watches = watches;
  m->watch_cap = cap;
  return 0;
}

static struct watch *watch_new(struct multi *m, curl_socket_t fd, bool kept) {
  struct watch *w = watch_room(m, fd) ? NULL : calloc(1, sizeof *w);
  if (!w) return NULL;
  if (uv_poll_init_socket(m->loop, &w->poll, fd)) {
    free(w);
    return NULL;
  }
  w->poll.data = w;
  w->multi = m;
  w->fd = fd;
  w->kept = kept;
  m->watches[fd] = w;
  m->handles++;
  return w;
}

/* Before the socket is closed: uv must forget the number first, it will soon be another
   socket's. */
static void watch_close(struct watch *w) {
  w->multi->watches[w->fd] = NULL;
  uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static void watch_leave(struct watch *w) {
  w->idle = true;
  uv_unref((uv_handle_t *)&w->poll);
  if (w->events == UV_READABLE) return;
  uv_poll_stop(&w->poll);
  w->events = 0;
}

static void watch_set(struct watch *w, int events) {
  w->idle = false;
  uv_ref((uv_handle_t *)&w->poll);
  if (w->events == events) return;
  w->events = events;
  uv_poll_start(&w->poll, events, on_readiness);
}

/* Never reports failure: curl would give up all transfers for it. A socket without a watch waits
   for the deadline. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused) {
  (void)easy;
  (void)unused;
  struct multi *m = ctx;
  struct watch *w = watch_find(m, fd);
  if (what == CURL_POLL_REMOVE) {
    if (w && w->kept) watch_leave(w);
    if (w && !w->kept) watch_close(w);
    return 0;
  }
  if (!w) w = watch_new(m, fd, false);
  if (!w) return 0;
  int events = what == CURL_POLL_IN ? UV_READABLE : UV_WRITABLE;
  if (what == CURL_POLL_INOUT) events = UV_READABLE | UV_WRITABLE;
  watch_set(w, events);
  return 0;
}

curl_socket_t multi_open_socket(struct multi *m, const struct curl_sockaddr *address) {
  int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
  curl_socket_t fd = socket(address->family, type, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  if (watch_new(m, fd, true)) return fd;
  close(fd);
  return CURL_SOCKET_BAD;
}

int multi_close_socket(void *multi, curl_socket_t fd) {
  struct watch *w = watch_find(multi, fd);
  if (w) watch_close(w);
  return close(fd);
}

/* --- curl's timer --- */

static int on_timer_wish(CURLM *curl, long timeout_ms, void *ctx);

static void timer_step(struct multi *m, bool timer) {
  int running;
  m->due = false;
  curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
  /* uv's clock is up to a millisecond behind curl's. Woken early, curl finds nothing due and,
     because its wish has not changed, does not repeat it: ask. */
  long left = -1;
  if (!uv_is_active((uv_handle_t *)&m->timer) && !m->due) curl_multi_timeout(m->curl, &left);
  if (left >= 0) on_timer_wish(m->curl, left, m);
  m->on_step(m->ctx, timer);
}

static void on_timer(uv_timer_t *timer) {
  timer_step(timer->data, true);
}

static void on_soon(uv_idle_t *soon) {
  struct multi *m = soon->data;
  uv_idle_stop(soon);
  if (m->due) {
    timer_step(m, false);
  } else {
    m->on_step(m->ctx, false);
  }
}

void multi_kick(struct multi *m) {
  uv_idle_start(&m->soon, on_soon);
}

static int on_timer_wish(CURLM *curl, long timeout_ms, void *ctx) {
  (void)curl;
  struct multi *m = ctx;
  m->due = timeout_ms == 0;
  if (timeout_ms > 0) {
    uv_timer_start(&m->timer, on_timer, (uint64_t)timeout_ms, 0);
  } else {
    uv_timer_stop(&m->timer);
  }
  if (m->due) multi_kick(m);
  return 0;
}

/* --- life --- */

int multi_open(uv_loop_t *loop, void (*on_step)(void *ctx, bool timer), void *ctx,
               struct multi **out) {
  struct multi *m = calloc(1, sizeof *m);
  if (!m) return UV_ENOMEM;
  *m = (struct multi){.loop = loop, .on_step = on_step, .ctx = ctx, .handles = 2};
  m->curl = curl_multi_init();
  if (!m->curl) {
    free(m);
    return UV_ENOMEM;
  }
  uv_timer_init(loop, &m->timer);
  uv_idle_init(loop, &m->soon);
  m->timer.data = m->soon.data = m;
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
  curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timer_wish);
  curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
  *out = m;
  return 0;
}

static void on_handle_closed(uv_handle_t *handle) {
  handle_closed(handle->data);
}

void multi_close(struct multi *m, void (*on_closed)(void *ctx)) {
  m->on_closed = on_closed;
  curl_multi_cleanup(m->curl);
  for (size_t fd = 0; fd < m->watch_cap; fd++)
    if (m->watches[fd]) watch_close(m->watches[fd]);
  uv_close((uv_handle_t *)&m->timer, on_handle_closed);
  uv_close((uv_handle_t *)&m->soon, on_handle_closed);
}

CURLM *multi_curl(struct multi *m) {
  return m->curl;
}
