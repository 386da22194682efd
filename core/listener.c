/* SPDX-License-Identifier: MIT */
/* Binds sockets with SO_REUSEPORT, so that the kernel spreads connections over the
 * workers (socket(7)). */
#include "listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static int parse(const char *host, int port, union address *out, socklen_t *len) {
  if (uv_ip4_addr(host, port, &out->v4) == 0) {
    *len = sizeof out->v4;
    return 0;
  }
  *len = sizeof out->v6;
  return uv_ip6_addr(host, port, &out->v6);
}

static int bind_one(const union address *a, socklen_t len, int shared, int *out) {
  int on = 1, fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
      (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
      bind(fd, &a->any, len)) {
    int err = uv_translate_sys_error(errno);
    close(fd);
    return err;
  }
  *out = fd;
  return 0;
}

static int port_of(int fd) {
  union address a;
  socklen_t len = sizeof a;
  if (getsockname(fd, &a.any, &len)) return 0;
  return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

/* A socket that does not share finds out whether anyone is there already, sharing or not. */
static int probe(const union address *a, socklen_t len) {
  int fd, err = bind_one(a, len, 0, &fd);
  if (err) return err;
  close(fd);
  return 0;
}

int listener_share(const char *host, int port, int *fds, unsigned count) {
  union address a;
  socklen_t len;
  int err = parse(host, port, &a, &len);
  for (unsigned done = 0; !err && done < count; done++) {
    err = bind_one(&a, len, 1, &fds[done]);
    if (!err) continue;
    while (done) close(fds[--done]);
    break;
  }
  return err;
}

int listener_bind(const char *host, int *port, int *fds, unsigned count) {
  union address a;
  socklen_t len;
  int wanted = *port, err = parse(host, wanted, &a, &len);
  if (!err && wanted) err = probe(&a, len);
  if (!err) err = bind_one(&a, len, 1, &fds[0]);
  if (err) return err;
  if (!wanted) wanted = port_of(fds[0]); /* the kernel gives one that nobody shares */
  err = listener_share(host, wanted, fds + 1, count - 1);
  if (err)
    close(fds[0]);
  else
    *port = wanted;
  return err;
}
