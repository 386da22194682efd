/* SPDX-License-Identifier: MIT */
/* A server of core alone, for the wire cases and for wrk: says back what it understood. `echo PORT
 * [LIMIT=N …]`; port 0 takes any; the port stands on the first line of its output. SIGTERM drains,
 * a second one ends. SIGUSR1 answers what /hold holds. */
#include "listener.h"
#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct server *server;
static uv_loop_t *loop;
static uv_signal_t term, release;
static struct exchange *held[16];
static size_t held_count;
static bool drained;

struct delayed {
  uv_timer_t timer;
  struct exchange *exchange;
};

static bool is(struct slice text, const char *word) {
  return text.len == strlen(word) && !memcmp(text.data, word, text.len);
}

static void say_back(struct exchange *e) {
  static const struct exchange_header text = {{"Content-Type", 12}, {"text/plain", 10}};
  struct slice m = exchange_method(e), t = exchange_target(e), p = exchange_path(e),
               q = exchange_query(e);
  struct slice body = exchange_body(e), remote = exchange_remote(e), key = exchange_remote_key(e);
  struct bytes out = {0};
  bytes_printf(&out, "%.*s %.*s\npath %.*s\nquery %.*s\nremote %.*s\nkey %.*s\n", (int)m.len,
               m.data, (int)t.len, t.data, (int)p.len, p.data, (int)q.len, q.data, (int)remote.len,
               remote.data, (int)key.len, key.data);
  for (size_t i = 0; i < exchange_header_count(e); i++) {
    struct exchange_header h = exchange_header_at(e, i);
    bytes_printf(&out, "%.*s: %.*s\n", (int)h.name.len, h.name.data, (int)h.value.len,
                 h.value.data);
  }
  bytes_printf(&out, "body %zu\n", body.len);
  bytes_append(&out, body.data, body.len);
  exchange_reply(e, 200, &text, 1, out.data, out.len);
  bytes_free(&out);
}

static void on_timer_closed(uv_handle_t *handle) {
  free(handle);
}

static void on_delay(uv_timer_t *timer) {
  struct delayed *d = (struct delayed *)timer;
  say_back(d->exchange);
  uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void delay(struct exchange *e, uint64_t ms) {
  struct delayed *d = calloc(1, sizeof *d);
  if (!d) abort();
  d->exchange = e;
  uv_timer_init(loop, &d->timer);
  uv_timer_start(&d->timer, on_delay, ms, 0);
}

static void hold(struct exchange *e) {
  if (held_count == sizeof held / sizeof *held) abort();
  held[held_count++] = e;
}

static void on_release(uv_signal_t *handle, int signal_number) {
  (void)handle;
  (void)signal_number;
  while (held_count) say_back(held[--held_count]);
}

static void big(struct exchange *e, size_t len) {
  char *body = malloc(len + 1);
  if (!body) abort();
  memset(body, 'x', len);
  exchange_reply(e, 200, NULL, 0, body, len);
  free(body);
}

static void on_request(struct exchange *e, void *ctx) {
  (void)ctx;
  struct slice path = exchange_path(e), query = exchange_query(e);
  size_t n = query.len ? strtoul(query.data, NULL, 10) : 0;
  if (is(path, "/hello"))
    exchange_reply(e, 200, NULL, 0, "hello\n", 6);
  else if (is(path, "/none"))
    exchange_reply(e, 204, NULL, 0, NULL, 0);
  else if (is(path, "/big"))
    big(e, n);
  else if (is(path, "/hold"))
    hold(e);
  else if (is(path, "/later"))
    delay(e, n);
  else
    say_back(e);
}

static void on_closed(void *ctx) {
  (void)ctx;
  on_release(NULL, 0); /* exchanges outlive their server */
  uv_close((uv_handle_t *)&term, NULL);
  uv_close((uv_handle_t *)&release, NULL);
}

static void on_drained(void *ctx) {
  (void)ctx;
  drained = true;
  server_close(server, on_closed, NULL);
}

static void on_term(uv_signal_t *handle, int signal_number) {
  (void)handle;
  (void)signal_number;
  static int times;
  if (++times == 1)
    server_drain(server, on_drained, NULL);
  else if (!drained)
    server_close(server, on_closed, NULL);
}

/* The port is said when there is somebody to connect to. */
static int serve(int port, const struct server_settings *settings) {
  int fd, err = listener_bind("127.0.0.1", &port, &fd, 1);
  if (!err) err = server_open(loop, fd, settings, on_request, NULL, &server);
  if (err) return err;
  printf("%d\n", port);
  fflush(stdout);
  return 0;
}

static void set_cors(struct server_settings *s) {
  static const char *const origins[] = {"https://console.example.com"};
  s->cors = (struct cors_settings){.origins = origins, .origin_count = 1, .credentials = true};
}

/* Is it a limit that is a number? Then it is set. */
static bool set_number(struct server_settings *s, struct slice name, const char *value) {
  struct server_limits *l = &s->limits;
  const struct {
    const char *name;
    unsigned *value;
  } numbers[] = {
      {"connections", &l->connections},
      {"connections_per_address", &l->connections_per_address},
      {"requests_per_connection", &l->requests_per_connection},
      {"in_flight", &l->in_flight},
      {"head_deadline", &l->head_deadline},
      {"body_deadline", &l->body_deadline},
      {"body_min_rate", &l->body_min_rate},
      {"body_window", &l->body_window},
      {"idle", &l->idle},
      {"request_deadline", &l->request_deadline},
      {"write_deadline", &l->write_deadline},
      {"linger", &l->linger},
      {"drain_idle", &l->drain_idle},
      {"hops", &s->proxy.trusted_hops},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (!is(name, numbers[i].name)) continue;
    *numbers[i].value = (unsigned)strtoul(value, NULL, 10);
    return true;
  }
  return false;
}

/* A word that is none of ours is refused: a limit that is misspelt would be no limit. */
static void set(struct server_settings *s, const char *word) {
  const char *value = strchr(word, '=');
  struct slice name = {word, value ? (size_t)(value++ - word) : 0};
  if (!strcmp(word, "proxy=forwarded")) {
    s->proxy.header = PROXY_FORWARDED;
  } else if (!strcmp(word, "cors=on")) {
    set_cors(s);
  } else if (is(name, "strip")) {
    s->strip_prefix = value;
  } else if (is(name, "hsts")) {
    s->hsts = value;
  } else if (is(name, "body")) {
    s->limits.body = strtoul(value, NULL, 10);
  } else if (!name.len || !set_number(s, name, value)) {
    fprintf(stderr, "echo: no limit is called %s\n", word);
    exit(2);
  }
}

int main(int argc, char **argv) {
  static const char *const probes[] = {"/probe", NULL};
  struct server_settings settings = {
      .name = "echo", .limits = server_limits_default(), .probes = probes};
  if (argc < 2) return 2;
  for (int i = 2; i < argc; i++) set(&settings, argv[i]);
  signal(SIGPIPE, SIG_IGN);
  loop = uv_default_loop();
  int err = serve(atoi(argv[1]), &settings);
  if (err) {
    fprintf(stderr, "%s\n", uv_strerror(err));
    return 1;
  }
  uv_signal_init(loop, &term);
  uv_signal_start(&term, on_term, SIGTERM);
  uv_signal_init(loop, &release);
  uv_signal_start(&release, on_release, SIGUSR1);
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) ? 1 : 0;
}
