/* SPDX-License-Identifier: MIT */
/* A server for the client's tests, on the test's own loop: it answers the n-th request with the
   n-th line of a script, byte for byte, and then keeps, ends or resets the connection. It counts
   what it saw. Included by one test program each. */
#ifndef USHER_TESTS_PEER_H
#define USHER_TESTS_PEER_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum peer_then { KEEP, FIN, RST, HANG }; /* HANG: the reply, if any, and nothing more */

struct peer_line {
  const char *reply; /* NULL for none */
  enum peer_then then;
  size_t pad; /* so many 'x' after the reply */
};

struct peer {
  uv_tcp_t listener;
  char url[64];
  const struct peer_line *script; /* the last line repeats */
  size_t lines;
  const char *greeting;              /* said to each connection before it asks anything */
  unsigned accepts, requests, ended; /* ended: connections that the client closed */
  char last[4096];                   /* the beginning of the last request */
  size_t last_len, last_size;
  struct peer_conn *conns;
  void (*on_request)(struct peer *); /* may be NULL */
};

struct peer_conn {
  uv_tcp_t tcp;
  struct peer *peer;
  struct peer_conn *next;
  char head[8192];
  size_t len, seen; /* kept of this request, seen of it */
  size_t need;      /* its whole size, 0 until the head is complete */
  bool dead;
};

static inline void peer_conn_free(uv_handle_t *h) {
  struct peer_conn *conn = h->data, **at = &conn->peer->conns;
  while (*at != conn) at = &(*at)->next;
  *at = conn->next;
  free(conn);
}

static inline void peer_conn_end(struct peer_conn *conn, enum peer_then how) {
  if (conn->dead) return;
  conn->dead = true;
  if (how == RST)
    uv_tcp_close_reset(&conn->tcp, peer_conn_free);
  else
    uv_close((uv_handle_t *)&conn->tcp, peer_conn_free);
}

struct peer_write {
  uv_write_t req;
  enum peer_then then;
  char data[];
};

static inline void peer_written(uv_write_t *req, int status) {
  struct peer_write *w = (struct peer_write *)req;
  (void)status;
  if (w->then == FIN || w->then == RST) peer_conn_end(req->handle->data, w->then);
  free(w);
}

static inline void peer_say(struct peer_conn *conn, const struct peer_line *line) {
  size_t len = line->reply ? strlen(line->reply) : 0;
  if (!len && !line->pad) {
    if (line->then == FIN || line->then == RST) peer_conn_end(conn, line->then);
    return;
  }
  struct peer_write *w = malloc(sizeof *w + len + line->pad);
  w->then = line->then;
  if (len) memcpy(w->data, line->reply, len);
  memset(w->data + len, 'x', line->pad);
  uv_buf_t buf = uv_buf_init(w->data, (unsigned)(len + line->pad));
  if (uv_write(&w->req, (uv_stream_t *)&conn->tcp, &buf, 1, peer_written)) free(w);
}

static inline void peer_answer(struct peer_conn *conn) {
  struct peer *peer = conn->peer;
  size_t n = peer->requests++;
  const struct peer_line *line = &peer->script[n < peer->lines ? n : peer->lines - 1];
  memcpy(peer->last, conn->head, conn->len < sizeof peer->last ? conn->len : sizeof peer->last);
  peer->last_len = conn->len < sizeof peer->last ? conn->len : sizeof peer->last - 1;
  peer->last[peer->last_len] = '\0';
  peer->last_size = conn->need;
  if (peer->on_request) peer->on_request(peer);
  conn->len = conn->seen = conn->need = 0;
  peer_say(conn, line);
}

static inline void peer_measure(struct peer_conn *conn) {
  conn->head[conn->len] = '\0';
  const char *end = strstr(conn->head, "\r\n\r\n");
  if (!end) return;
  const char *length = strstr(conn->head, "Content-Length: ");
  conn->need = (size_t)(end + 4 - conn->head);
  if (length && length < end) conn->need += strtoul(length + 16, NULL, 10);
}

static inline void peer_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct peer_conn *conn = stream->data;
  if (n < 0) {
    conn->peer->ended++;
    peer_conn_end(conn, FIN);
    return;
  }
  size_t room = sizeof conn->head - 1 - conn->len;
  size_t kept = (size_t)n < room ? (size_t)n : room;
  memcpy(conn->head + conn->len, buf->base, kept);
  conn->len += kept;
  conn->seen += (size_t)n;
  if (!conn->need) peer_measure(conn);
  if (conn->need && conn->seen >= conn->need) peer_answer(conn);
}

static inline void peer_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf) {
  static char room[65536];
  (void)h, (void)size;
  *buf = uv_buf_init(room, sizeof room);
}

static inline void peer_accept(uv_stream_t *listener, int status) {
  struct peer *peer = listener->data;
  assert(status == 0);
  (void)status;
  struct peer_conn *conn = calloc(1, sizeof *conn);
  conn->peer = peer;
  conn->tcp.data = conn;
  conn->next = peer->conns;
  peer->conns = conn;
  uv_tcp_init(listener->loop, &conn->tcp);
  uv_accept(listener, (uv_stream_t *)&conn->tcp);
  peer->accepts++;
  if (peer->greeting) peer_say(conn, &(struct peer_line){peer->greeting, KEEP, 0});
  uv_read_start((uv_stream_t *)&conn->tcp, peer_alloc, peer_read);
}

static inline void peer_open(uv_loop_t *loop, struct peer *peer, const struct peer_line *script,
                             size_t lines) {
  struct sockaddr_in address;
  int len = sizeof address;
  memset(peer, 0, sizeof *peer);
  peer->script = script;
  peer->lines = lines;
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &peer->listener);
  peer->listener.data = peer;
  uv_tcp_bind(&peer->listener, (struct sockaddr *)&address, 0);
  int err = uv_listen((uv_stream_t *)&peer->listener, 1024, peer_accept);
  assert(err == 0);
  (void)err;
  uv_tcp_getsockname(&peer->listener, (struct sockaddr *)&address, &len);
  snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

/* The kept connections end; the client may not have noticed yet. */
static inline void peer_hang_up(struct peer *peer, enum peer_then how) {
  for (struct peer_conn *conn = peer->conns; conn; conn = conn->next) peer_conn_end(conn, how);
}

static inline void peer_close(struct peer *peer) {
  peer_hang_up(peer, FIN);
  uv_close((uv_handle_t *)&peer->listener, NULL);
}

#endif
