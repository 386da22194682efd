/* SPDX-License-Identifier: MIT */
/* One loop with a client and a scripted peer on it, for the client's test programs. */
#ifndef USHER_TESTS_CLIENT_WORLD_H
#define USHER_TESTS_CLIENT_WORLD_H

#include "unit.h"

#include "client.h"
#include "peer.h"

#define OK    "HTTP/1.1 200 OK\r\n"
#define EMPTY OK "Content-Length: 0\r\n\r\n"

/* Where no deadline is what is tested: this machine may be crowded. */
enum { FAR_MS = 60 * 60 * 1000 };

struct world {
  uv_loop_t loop;
  struct peer peer;
  struct client *client;
  struct client_call *call;
  unsigned done, any_done;
};

/* Both stop the loop: a deadline that is over when UV_RUN_ONCE begins is told before that waits for more. */
static inline void on_done(struct client_call *call, void *ctx) {
  struct world *w = ctx;
  assert_ptr_equal(call, w->call);
  w->done++;
  uv_stop(&w->loop);
}

static inline void on_any_done(struct client_call *call, void *ctx) {
  struct world *w = ctx;
  (void)call;
  w->any_done++;
  uv_stop(&w->loop);
}

static inline void world_open(struct world *w, const struct peer_line *script, size_t lines,
                              const struct client_settings *settings) {
  memset(w, 0, sizeof *w);
  uv_loop_init(&w->loop);
  peer_open(&w->loop, &w->peer, script, lines);
  struct client_settings patient = *settings;
  if (!patient.connect_timeout_ms) patient.connect_timeout_ms = FAR_MS;
  assert_int_equal(client_open(&w->loop, &patient, &w->client), 0);
}

static inline void world_close(struct world *w) {
  client_call_free(w->call);
  if (w->client) client_close(w->client);
  peer_close(&w->peer);
  while (uv_run(&w->loop, UV_RUN_DEFAULT)) {}
  assert_int_equal(uv_loop_close(&w->loop), 0);
}

static inline void exchange(struct world *w, const struct client_request *r) {
  client_call_free(w->call);
  w->done = 0;
  w->call = client_send(w->client, r, on_done, w);
  assert_non_null(w->call);
  assert_int_equal(w->done, 0);
  while (!w->done) uv_run(&w->loop, UV_RUN_ONCE);
  assert_int_equal(w->done, 1);
}

static inline struct client_request get(const struct world *w) {
  return (struct client_request){.method = "GET", .url = w->peer.url, .deadline_ms = UINT64_MAX};
}

static inline struct client_request post(const struct world *w) {
  return (struct client_request){.method = "POST", .url = w->peer.url, .deadline_ms = UINT64_MAX};
}

static inline uint64_t in_ms(struct world *w, uint64_t ms) {
  uv_update_time(&w->loop);
  return uv_now(&w->loop) + ms;
}

/* An address of this machine on which the kernel answers no SYN: its queue is full. */
struct hole {
  int listener, filler;
};

static inline struct hole hole_open(const char *host, const char *url) {
  struct sockaddr_in address;
  struct hole hole = {socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0)};
  uv_ip4_addr(host, atoi(strrchr(url, ':') + 1), &address);
  assert_int_equal(bind(hole.listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(hole.listener, 0), 0);
  assert_int_equal(connect(hole.filler, (struct sockaddr *)&address, sizeof address), 0);
  return hole;
}

static inline void hole_close(struct hole *hole) {
  close(hole->filler);
  close(hole->listener);
}

#endif
