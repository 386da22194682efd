/* SPDX-License-Identifier: MIT */
/* Sockets for servers: shared by the workers of one process, refused to a second one. */
#include "unit.h"

#include "listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { SOCKETS = 4, CLIENTS = 64 };

static void close_all(const int *fds, int n) {
  for (int i = 0; i < n; i++) assert_int_equal(close(fds[i]), 0);
}

static int port_of(int fd, int *family) {
  struct sockaddr_in6 a = {0};
  socklen_t len = sizeof a;
  assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
  *family = a.sin6_family;
  return ntohs(a.sin6_port); /* where IPv4 has it too */
}

/* A socket of someone who has never heard of usher. */
static int foreign(int family, int port, bool listening, bool shared) {
  int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in6 a = {.sin6_family = (sa_family_t)family, .sin6_port = htons((uint16_t)port)};
  socklen_t len = family == AF_INET6 ? sizeof a : sizeof(struct sockaddr_in);
  if (shared) assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
  if (listening) assert_int_equal(listen(fd, 1), 0);
  return fd;
}

/* Port 0 picks one port for all of them; a port that is named is taken. Both families. */
static void test_binds(void **state) {
  (void)state;
  static const struct {
    const char *host;
    int family;
  } rows[] = {{"127.0.0.1", AF_INET}, {"0.0.0.0", AF_INET}, {"::1", AF_INET6}, {"::", AF_INET6}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    int fds[SOCKETS], port = 0, family;
    int err = listener_bind(rows[i].host, &port, fds, SOCKETS);
    if (err == UV_EADDRNOTAVAIL || err == UV_EAFNOSUPPORT) continue; /* a machine without IPv6 */
    assert_int_equal(err, 0);
    assert_in_range(port, 1, 65535);
    for (int k = 0; k < SOCKETS; k++) {
      assert_int_equal(port_of(fds[k], &family), port);
      assert_int_equal(family, rows[i].family);
      assert_true(fcntl(fds[k], F_GETFL) & O_NONBLOCK);
      assert_true(fcntl(fds[k], F_GETFD) & FD_CLOEXEC);
    }
    close_all(fds, SOCKETS);
    int again = port;
    assert_int_equal(listener_bind(rows[i].host, &again, fds, 1), 0);
    assert_int_equal(again, port);
    close_all(fds, 1);
  }
}

/* Whoever sits on the port, sharing or not, it is in use, and nothing of ours stays open. */
static void test_in_use(void **state) {
  (void)state;
  for (int shared = 0; shared < 2; shared++) {
    int family, fds[SOCKETS], there = foreign(AF_INET, 0, true, shared);
    int port = port_of(there, &family), wanted = port;
    int lowest = dup(there); /* the descriptor that would be given next, were nothing leaked */
    close(lowest);
    assert_int_equal(listener_bind("127.0.0.1", &wanted, fds, SOCKETS), UV_EADDRINUSE);
    assert_int_equal(wanted, port);
    int next = dup(there);
    assert_int_equal(next, lowest);
    close(next);
    close(there);
    assert_int_equal(listener_bind("127.0.0.1", &wanted, fds, SOCKETS), 0);
    close_all(fds, SOCKETS);
  }
}

/* Two of ours in one process, as two processes would: the second is told. */
static void test_second_usher(void **state) {
  (void)state;
  int fds[SOCKETS], others[SOCKETS], port = 0;
  assert_int_equal(listener_bind("127.0.0.1", &port, fds, SOCKETS), 0);
  for (int i = 0; i < SOCKETS; i++) assert_int_equal(listen(fds[i], 16), 0);
  assert_int_equal(listener_bind("127.0.0.1", &port, others, SOCKETS), UV_EADDRINUSE);
  int other = 0;
  assert_int_equal(listener_bind("127.0.0.1", &other, others, 1), 0);
  assert_int_not_equal(other, port);
  close_all(others, 1);
  close_all(fds, SOCKETS);
}

static void test_bad_address(void **state) {
  (void)state;
  static const char *const hosts[] = {"",          "localhost",   "256.0.0.1", "127.0.0.1:80",
                                      "[::1]",     "12345::1::2", "1.2.3",     " 127.0.0.1",
                                      "10.0.0.1/8"};
  for (size_t i = 0; i < COUNT(hosts); i++) {
    int fd = -1, port = 0;
    if (listener_bind(hosts[i], &port, &fd, 1) != UV_EINVAL) fail_msg("%s", hosts[i]);
    assert_int_equal(fd, -1);
  }
  int fd, port = 0; /* an address for documentation: nobody's, RFC 5737 */
  assert_int_equal(listener_bind("192.0.2.1", &port, &fd, 1), UV_EADDRNOTAVAIL);
}

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
  return fd;
}

/* The kernel spreads connections over the sockets, and loses none. */
static void test_spread(void **state) {
  (void)state;
  int fds[SOCKETS], clients[CLIENTS], port = 0, used = 0, accepted = 0;
  assert_int_equal(listener_bind("127.0.0.1", &port, fds, SOCKETS), 0);
  for (int i = 0; i < SOCKETS; i++) assert_int_equal(listen(fds[i], CLIENTS), 0);
  for (int i = 0; i < CLIENTS; i++) clients[i] = dial(port);
  for (int i = 0; i < SOCKETS; i++) {
    int mine = 0, fd; /* a connection that connect() has seen is in the queue */
    while ((fd = accept(fds[i], NULL, NULL)) >= 0) {
      mine++;
      close(fd);
    }
    used += mine > 0;
    accepted += mine;
  }
  assert_int_equal(accepted, CLIENTS);
  assert_true(used > 1);
  close_all(clients, CLIENTS);
  close_all(fds, SOCKETS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_binds),        cmocka_unit_test(test_in_use),
      cmocka_unit_test(test_second_usher), cmocka_unit_test(test_bad_address),
      cmocka_unit_test(test_spread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
