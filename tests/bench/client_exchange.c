/* SPDX-License-Identifier: MIT */
/* client_exchange [EXCHANGES [AT_ONCE…]]: what one kept-alive exchange costs the client, against a
   small server in a process of its own. Prints microseconds of wall clock and of this process's
   CPU time; asserts nothing. */
#include "../core/peer.h"
#include "client.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct peer_line reply = {
    "HTTP/1.1 200 OK\r\nServer: Server\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "Content-Length: 2\r\nConnection: keep-alive\r\n"
    "x-amzn-RequestId: 0123456789012345678901234567890123456789\r\n"
    "x-amz-crc32: 2745614147\r\n\r\n{}",
    KEEP, 0};

static const char *const headers[] = {
    "Content-Type: application/x-amz-json-1.0",
    "X-Amz-Target: DynamoDB_20120810.PutItem",
    "X-Amz-Date: 20260101T000000Z",
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAUSHERSANDBOX0001/20260101/us-east-1/dynamodb/"
    "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};

struct bench {
  struct client *client;
  struct client_request request;
  unsigned long to_send, to_end, failed;
};

static void on_done(struct client_call *call, void *ctx);

static void send_one(struct bench *b) {
  if (!b->to_send) return;
  b->to_send--;
  if (!client_send(b->client, &b->request, on_done, b)) abort();
}

static void on_done(struct client_call *call, void *ctx) {
  struct bench *b = ctx;
  b->failed += client_call_error(call) != CLIENT_OK || client_call_status(call) != 200;
  client_call_free(call);
  b->to_end--;
  send_one(b);
}

static double cpu_us(const struct timeval *t) {
  return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

static void run(uv_loop_t *loop, struct bench *b, unsigned long exchanges, unsigned at_once,
                bool print) {
  struct rusage before, after;
  b->to_send = b->to_end = exchanges;
  getrusage(RUSAGE_SELF, &before);
  uint64_t start = uv_hrtime();
  for (unsigned i = 0; i < at_once; i++) send_one(b);
  while (b->to_end) uv_run(loop, UV_RUN_ONCE);
  double wall = (double)(uv_hrtime() - start) / 1e3, n = (double)exchanges;
  getrusage(RUSAGE_SELF, &after);
  if (!print) return;
  printf("%5u at once: %6.2f us wall, %6.2f us user, %6.2f us system, %lu failed\n", at_once,
         wall / n, (cpu_us(&after.ru_utime) - cpu_us(&before.ru_utime)) / n,
         (cpu_us(&after.ru_stime) - cpu_us(&before.ru_stime)) / n, b->failed);
}

/* The URL of a peer in a child process, which ends with this one. */
static void serve(char url[64]) {
  int ends[2];
  if (pipe(ends) || fflush(NULL)) abort();
  if (fork() == 0) {
    uv_loop_t loop;
    static struct peer peer;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    uv_loop_init(&loop);
    peer_open(&loop, &peer, &reply, 1);
    if (write(ends[1], peer.url, 64) != 64) abort();
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
  }
  if (read(ends[0], url, 64) != 64) abort();
}

int main(int argc, char **argv) {
  static const char *const usual[] = {"1", "64", "512", NULL};
  const char *const *counts = argc > 2 ? (const char *const *)argv + 2 : usual;
  unsigned long exchanges = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
  static char url[64], body[300];
  memset(body, 'x', sizeof body);
  serve(url);
  uv_loop_t loop;
  struct bench b = {0};
  uv_loop_init(&loop);
  if (client_open(&loop, &(struct client_settings){0}, &b.client)) return 1;
  b.request =
      (struct client_request){.method = "POST", .url = url, .body = body, .body_len = sizeof body};
  b.request.headers = headers;
  b.request.header_count = sizeof headers / sizeof *headers;
  for (; *counts; counts++) {
    unsigned at_once = (unsigned)strtoul(*counts, NULL, 10);
    b.request.deadline_ms = UINT64_MAX;
    run(&loop, &b, 2000, at_once, false);
    run(&loop, &b, exchanges, at_once, true);
  }
  client_close(b.client);
  uv_run(&loop, UV_RUN_DEFAULT);
  return 0;
}
