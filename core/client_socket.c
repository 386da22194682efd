/* SPDX-License-Identifier: MIT */
/* The socket is watched for reading from its opening to its end, so that an exchange costs a send
   and a recv. uv_poll, not uv_tcp: OpenSSL wants the socket itself. */
#include "client_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { CONNECTING, SHAKING, OPEN };

struct client_socket {
  uv_poll_t poll;
  int fd;
  SSL *ssl; /* NULL without TLS */
  enum state state;
  int watched; /* what uv watches for */
  bool wants_room, failed, closed;
  struct slice out; /* what is still to be written */
  const struct client_socket_user *user;
  void *ctx;
};

/* --- bytes --- */

/* What others have left in OpenSSL's list of errors is not ours: an on_data may run anything. */
static ssize_t put(struct client_socket *s) {
  if (s->ssl) {
    ERR_clear_error();
    size_t n = s->out.len < INT_MAX ? s->out.len : INT_MAX;
    return client_tls_result(s->ssl, SSL_write(s->ssl, s->out.data, (int)n), &s->wants_room);
  }
  ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL);
  if (n >= 0) return n;
  s->wants_room = errno == EAGAIN || errno == EINTR;
  return s->wants_room ? UV_EAGAIN : UV_ECONNRESET;
}

static ssize_t get(struct client_socket *s, char *data, size_t size) {
  if (s->ssl) {
    ERR_clear_error();
    return client_tls_result(s->ssl, SSL_read(s->ssl, data, (int)size), &s->wants_room);
  }
  ssize_t n = recv(s->fd, data, size, 0);
  if (n >= 0) return n;
  return errno == EAGAIN || errno == EINTR ? UV_EAGAIN : UV_ECONNRESET;
}

/* --- events --- */

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct client_socket *s) {
  int events = UV_READABLE;
  if (s->wants_room || s->failed || s->state == CONNECTING) events |= UV_WRITABLE;
  if (events != s->watched) uv_poll_start(&s->poll, events, on_event);
  s->watched = events;
}

static void end(struct client_socket *s, int err, const char *words) {
  s->user->on_end(s->ctx, err, words);
}

/* Of what cannot be written the peer's end tells, or at once that there is room. */
static void push(struct client_socket *s) {
  while (s->out.len && !s->failed && !s->wants_room) {
    ssize_t n = put(s);
    if (n > 0) s->out = (struct slice){s->out.data + n, s->out.len - (size_t)n};
    if (n == UV_EAGAIN && !s->wants_room) break; /* TLS has to read first */
    s->failed = n <= 0 && n != UV_EAGAIN;
  }
}

/* One recv takes what there is, mostly; OpenSSL may hold more than it gave. */
static void pull(struct client_socket *s) {
  char data[16 * 1024];
  ssize_t n;
  do {
    n = get(s, data, sizeof data);
    if (n > 0) {
      s->user->on_data(s->ctx, data, (size_t)n);
      OPENSSL_cleanse(data, (size_t)n);
    }
  } while (!s->closed && n > 0 && (s->ssl || (size_t)n == sizeof data));
  if (s->closed || n > 0 || (n == UV_EAGAIN && !s->failed)) return;
  end(s, n == 0 ? UV_EOF : UV_ECONNRESET, "the connection ended");
}

static void shake(struct client_socket *s) {
  ERR_clear_error();
  ssize_t n = client_tls_result(s->ssl, SSL_do_handshake(s->ssl), &s->wants_room);
  if (n == UV_EAGAIN) return;
  if (n > 0) {
    s->state = OPEN;
    s->user->on_open(s->ctx);
    return;
  }
  char words[160];
  client_tls_problem(s->ssl, words, sizeof words);
  end(s, UV_EPROTO, words);
}

static void connected(struct client_socket *s) {
  int err = 0;
  socklen_t len = sizeof err;
  getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len);
  if (err) {
    end(s, uv_translate_sys_error(err), strerror(err));
    return;
  }
  s->state = s->ssl ? SHAKING : OPEN;
  if (s->ssl)
    shake(s);
  else
    s->user->on_open(s->ctx);
}

/* With an error on the socket uv stops watching; what came before it is read first. */
static void on_event(uv_poll_t *poll, int status, int events) {
  struct client_socket *s = poll->data;
  (void)events;
  if (status < 0) s->watched = 0;
  s->wants_room = false;
  if (s->state == CONNECTING) {
    connected(s);
  } else if (s->state == SHAKING) {
    shake(s);
  } else {
    push(s);
    pull(s);
  }
  if (!s->closed) watch(s);
}

/* --- life --- */

static void on_closed(uv_handle_t *poll) {
  free(poll->data);
}

int client_socket_open(uv_loop_t *loop, const struct addrinfo *address, SSL_CTX *trust,
                       const struct client_tls_peer *peer, const struct client_socket_user *user,
                       void *ctx, struct client_socket **out) {
  struct client_socket *s = calloc(1, sizeof *s);
  if (!s) return UV_ENOMEM;
  *s = (struct client_socket){.user = user, .ctx = ctx};
  int one = 1, err = UV_ENOMEM;
  s->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s->fd < 0) err = uv_translate_sys_error(errno);
  if (s->fd < 0 || (trust && !(s->ssl = client_tls_new(trust, s->fd, peer)))) goto fail;
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  err = connect(s->fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS
            ? uv_translate_sys_error(errno)
            : uv_poll_init(loop, &s->poll, s->fd);
  if (err) goto fail;
  s->poll.data = s;
  watch(s);
  *out = s;
  return 0;
fail:
  SSL_free(s->ssl);
  if (s->fd >= 0) close(s->fd);
  free(s);
  return err;
}

bool client_socket_is_connecting(const struct client_socket *s) {
  return s->state == CONNECTING;
}

void client_socket_write(struct client_socket *s, struct slice bytes) {
  s->out = bytes;
  push(s);
  watch(s);
}

bool client_socket_written(const struct client_socket *s) {
  return s->out.len == 0;
}

/* A byte that is taken here is not missed: what is not quiet is closed. */
bool client_socket_is_quiet(struct client_socket *s) {
  char byte;
  return get(s, &byte, 1) == UV_EAGAIN;
}

void client_socket_wait(struct client_socket *s, bool waits) {
  if (waits)
    uv_unref((uv_handle_t *)&s->poll);
  else
    uv_ref((uv_handle_t *)&s->poll);
}

/* uv must forget the number first: it will soon be another socket's. */
void client_socket_close(struct client_socket *s) {
  s->closed = true;
  uv_close((uv_handle_t *)&s->poll, on_closed);
  if (s->ssl && s->state == OPEN) SSL_shutdown(s->ssl); /* close_notify, if there is room for it */
  SSL_free(s->ssl);
  close(s->fd);
}
