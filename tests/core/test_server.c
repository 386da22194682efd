/* SPDX-License-Identifier: MIT */
/* The server's contract with its caller; what clients see of it is under tests/wire. */
#include "unit.h"

#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct house { /* one loop, one server, what happened */
  uv_loop_t loop;
  struct server *server;
  struct server_settings settings;
  struct sockaddr_in address;
  struct exchange *exchange;
  int requests, replies, drained, closed, status;
  char refusal[32], path[32];
  bool gone;
};

static void on_request(struct exchange *e, void *ctx) {
  struct house *h = ctx;
  h->requests++;
  h->exchange = e;
}

static void on_reply(const struct server_reply *r, void *ctx) {
  struct house *h = ctx;
  h->replies++;
  h->status = r->status;
  h->gone = r->gone;
  snprintf(h->refusal, sizeof h->refusal, "%s", r->refusal ? r->refusal : "");
  snprintf(h->path, sizeof h->path, "%.*s", (int)r->path.len, r->path.data);
  assert_true(r->request_id.len > 0);
  assert_true(r->remote.len > 0);
}

static void on_drained(void *ctx) {
  ((struct house *)ctx)->drained++;
}
static void on_closed(void *ctx) {
  ((struct house *)ctx)->closed++;
}

static int bound(struct sockaddr_in *address) {
  socklen_t len = sizeof *address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
  getsockname(fd, (struct sockaddr *)address, &len);
  return fd;
}

static void house_open(struct house *h) {
  struct server_settings settings = {
      .name = "test", .limits = server_limits_default(), .on_reply = on_reply};
  *h = (struct house){.settings = settings};
  uv_loop_init(&h->loop);
}

static void house_serve(struct house *h) {
  int fd = bound(&h->address);
  assert_int_equal(server_open(&h->loop, fd, &h->settings, on_request, h, &h->server), 0);
}

static void house_close(struct house *h) {
  server_close(h->server, on_closed, h);
  assert_int_equal(h->closed, 0); /* later, never inside */
  while (!h->closed) uv_run(&h->loop, UV_RUN_ONCE);
}

static int client(const struct house *h, const char *text) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&h->address, sizeof h->address), 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  return fd;
}

/* Turns the loop until the whole reply stands in out. */
static void await_reply(struct house *h, int fd, char *out, size_t room) {
  size_t len = 0;
  out[0] = '\0';
  while (!strstr(out, "\r\n\r\n")) {
    uv_run(&h->loop, UV_RUN_NOWAIT);
    ssize_t n = recv(fd, out + len, room - len - 1, MSG_DONTWAIT);
    if (n > 0) len += (size_t)n;
    out[len] = '\0';
  }
}

static const char get[] = "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";

static void await_exchange(struct house *h) {
  h->exchange = NULL;
  while (!h->exchange) uv_run(&h->loop, UV_RUN_ONCE);
}

static void test_settings_refused(void **state) {
  (void)state;
  static const char *const any[] = {"*"};
  struct house h;
  house_open(&h);
  h.settings.cors = (struct cors_settings){any, 1, .credentials = true};
  int fd = bound(&h.address);
  assert_int_equal(server_open(&h.loop, fd, &h.settings, on_request, &h, &h.server), UV_EINVAL);
  assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was the server's to close */
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_not_a_socket(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  int fd = open("/dev/null", O_RDONLY);
  assert_true(server_open(&h.loop, fd, &h.settings, on_request, &h, &h.server) < 0);
  uv_run(&h.loop, UV_RUN_DEFAULT);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void assert_slice(struct slice s, const char *text) {
  assert_int_equal(s.len, strlen(text));
  assert_memory_equal(s.data, text, s.len);
}

static void test_exchange(void **state) {
  (void)state;
  struct house h;
  char out[2048];
  struct slice value;
  house_open(&h);
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  assert_slice(exchange_listener(h.exchange), "test");
  assert_slice(exchange_method(h.exchange), "GET");
  assert_slice(exchange_target(h.exchange), "/a?b");
  assert_slice(exchange_path(h.exchange), "/a");
  assert_slice(exchange_query(h.exchange), "b");
  assert_slice(exchange_body(h.exchange), "");
  assert_slice(exchange_remote(h.exchange), "127.0.0.1");
  assert_int_equal(exchange_header_count(h.exchange), 2);
  assert_slice(exchange_header_at(h.exchange, 1).name, "X");
  assert_true(exchange_header(h.exchange, "host", &value));
  assert_slice(value, "h");
  assert_false(exchange_gone(h.exchange));
  struct exchange_header headers[] = {{{"X-One", 5}, {"1", 1}},
                                      {{"Date", 4}, {"never", 5}},
                                      {{"Cache-Control", 13}, {"max-age=1", 9}}};
  exchange_reply(h.exchange, 201, headers, 3, "body", 4);
  await_reply(&h, fd, out, sizeof out);
  assert_non_null(strstr(out, "HTTP/1.1 201 Created\r\n"));
  assert_non_null(strstr(out, "\r\nX-One: 1\r\n"));
  assert_non_null(strstr(out, "\r\nCache-Control: max-age=1\r\n"));
  assert_null(strstr(out, "no-store"));
  assert_null(strstr(out, "never"));
  assert_non_null(strstr(out, "\r\n\r\nbody"));
  assert_int_equal(h.replies, 1);
  assert_string_equal(h.refusal, "");
  assert_string_equal(h.path, "/a");
  close(fd);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_reply_that_cannot_be_sent(void **state) {
  (void)state;
  static const struct exchange_header bad[] = {
      {{"X", 1}, {"a\r\nSet-Cookie: b", 16}}, {{"X y", 3}, {"a", 1}}, {{"", 0}, {"a", 1}}};
  struct house h;
  char out[2048];
  house_open(&h);
  house_serve(&h);
  for (size_t i = 0; i < COUNT(bad); i++) {
    assert_false(exchange_header_valid(bad[i].name, bad[i].value));
    int fd = client(&h, get);
    await_exchange(&h);
    exchange_reply(h.exchange, 200, &bad[i], 1, "", 0);
    await_reply(&h, fd, out, sizeof out);
    assert_non_null(strstr(out, "HTTP/1.1 500 "));
    assert_null(strstr(out, "Set-Cookie"));
    close(fd);
  }
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_client_gone(void **state) {
  (void)state;
  static const struct linger reset = {1, 0};
  struct house h;
  house_open(&h);
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
  while (!exchange_gone(h.exchange)) uv_run(&h.loop, UV_RUN_ONCE);
  assert_slice(exchange_path(h.exchange), "/a"); /* the flow still has its request */
  exchange_reply(h.exchange, 200, NULL, 0, "late", 4);
  assert_true(h.gone);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_deadline(void **state) {
  (void)state;
  struct house h;
  char out[2048];
  house_open(&h);
  h.settings.limits.request_deadline = 1;
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  await_reply(&h, fd, out, sizeof out);
  assert_non_null(strstr(out, "HTTP/1.1 504 "));
  assert_string_equal(h.refusal, "deadline_exceeded");
  assert_true(exchange_gone(h.exchange));
  assert_slice(exchange_path(h.exchange), "/a");
  exchange_reply(h.exchange, 200, NULL, 0, "late", 4);
  assert_int_equal(h.replies, 1); /* the late reply is nobody's */
  close(fd);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

/* Pipelined, so that what the client sent ahead is thrown away too. */
static void test_abort(void **state) {
  (void)state;
  char byte, two[2 * sizeof get];
  struct server_shared shared = {0};
  struct house h;
  snprintf(two, sizeof two, "%s%s", get, get);
  house_open(&h);
  h.settings.shared = &shared;
  house_serve(&h);
  int fd = client(&h, two);
  await_exchange(&h);
  assert_false(exchange_half_closed(h.exchange));
  exchange_abort(h.exchange);
  assert_int_equal(h.replies, 1);
  assert_int_equal(h.status, 0);
  assert_int_equal(atomic_load(&shared.connections), 0);
  assert_int_equal(atomic_load(&shared.in_flight), 0);
  uv_run(&h.loop, UV_RUN_NOWAIT);
  assert_int_equal(recv(fd, &byte, 1, 0), -1);
  assert_int_equal(errno, ECONNRESET);
  assert_int_equal(h.requests, 1);
  close(fd);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_abort_when_nobody_waits(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  shutdown(fd, SHUT_WR);
  while (!exchange_half_closed(h.exchange)) uv_run(&h.loop, UV_RUN_ONCE);
  assert_false(exchange_gone(h.exchange)); /* it may still read */
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
  assert_true(exchange_gone(h.exchange));
  exchange_abort(h.exchange);
  close(fd);
}

static void test_exchange_outlives_its_server(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);
  assert_true(exchange_gone(h.exchange));
  assert_slice(exchange_path(h.exchange), "/a");
  exchange_reply(h.exchange, 200, NULL, 0, NULL, 0);
  close(fd);
}

static void test_drain(void **state) {
  (void)state;
  struct house h;
  char out[2048];
  house_open(&h);
  house_serve(&h);
  server_drain(h.server, on_drained, &h);
  assert_int_equal(h.drained, 0); /* later, never inside */
  while (!h.drained) uv_run(&h.loop, UV_RUN_ONCE);
  house_close(&h);
  assert_int_equal(uv_loop_close(&h.loop), 0);

  house_open(&h);
  house_serve(&h);
  int fd = client(&h, get);
  await_exchange(&h);
  server_drain(h.server, on_drained, &h);
  for (int i = 0; i < 3; i++) uv_run(&h.loop, UV_RUN_NOWAIT);
  assert_int_equal(h.drained, 0);
  exchange_reply(h.exchange, 200, NULL, 0, NULL, 0);
  await_reply(&h, fd, out, sizeof out);
  assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
  close(fd);
  while (!h.drained) uv_run(&h.loop, UV_RUN_ONCE);
  house_close(&h);
  assert_int_equal(h.drained, 1);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

static void test_shared_caps(void **state) {
  (void)state;
  struct server_shared shared = {.max_connections = 8, .max_in_flight = 1};
  struct house h;
  char out[2048];
  house_open(&h);
  h.settings.shared = &shared;
  house_serve(&h);
  int busy = client(&h, get);
  await_exchange(&h);
  struct exchange *held = h.exchange;
  int fd = client(&h, get);
  await_reply(&h, fd, out, sizeof out);
  assert_non_null(strstr(out, "HTTP/1.1 503 "));
  assert_string_equal(h.refusal, "overloaded");
  assert_int_equal(atomic_load(&shared.connections), 2);
  assert_int_equal(atomic_load(&shared.in_flight), 1);
  exchange_reply(held, 200, NULL, 0, NULL, 0);
  close(busy);
  close(fd);
  house_close(&h);
  assert_int_equal(atomic_load(&shared.connections), 0);
  assert_int_equal(atomic_load(&shared.in_flight), 0);
  assert_int_equal(uv_loop_close(&h.loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_settings_refused),
      cmocka_unit_test(test_not_a_socket),
      cmocka_unit_test(test_exchange),
      cmocka_unit_test(test_reply_that_cannot_be_sent),
      cmocka_unit_test(test_client_gone),
      cmocka_unit_test(test_deadline),
      cmocka_unit_test(test_abort),
      cmocka_unit_test(test_abort_when_nobody_waits),
      cmocka_unit_test(test_exchange_outlives_its_server),
      cmocka_unit_test(test_drain),
      cmocka_unit_test(test_shared_caps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
