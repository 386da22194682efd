/* SPDX-License-Identifier: MIT */
/* One asking for credentials against a scripted peer, with an environment of one's own; for the
 * tests of the places that need the network. In a text, U stands for the peer's URL and D for a
 * folder. */
#ifndef USHER_TESTS_CREDENTIALS_WORLD_H
#define USHER_TESTS_CREDENTIALS_WORLD_H

#include "unit.h"

#include "client.h"
#include "credentials_round.h"
#include "peer.h"

enum { MOST_VARIABLES = 8, MOST_LINES = 6, MOST_REQUESTS = 8 };

struct answer { /* a whole reply is made of it; 0 is no reply at all */
  int status;
  const char *body;
  enum peer_then then;
};

struct outcome {
  int err;
  char id[128], secret[128], token[256], source[256], region[64], why[2048];
  int64_t expires;
};

struct world {
  uv_loop_t loop;
  struct client *client;
  struct peer peer;
  struct peer_line script[MOST_LINES];
  char *replies[MOST_LINES];
  char requests[MOST_REQUESTS][4096]; /* as they came */
  char dir[32];
  int64_t now;
  struct outcome outcome;
  bool done;
};

static struct world *the_world;

static inline int64_t world_now(void) {
  return the_world->now;
}

static inline void on_peer_request(struct peer *peer) {
  unsigned n = peer->requests - 1;
  if (n < MOST_REQUESTS) memcpy(the_world->requests[n], peer->last, sizeof peer->last);
}

static inline char *world_text(const struct world *w, const char *text) {
  struct bytes out = {0};
  bytes_append(&out, "", 0);
  for (const char *at = text; *at; at++) {
    bool alone =
        at == text || !((at[-1] >= 'a' && at[-1] <= 'z') || (at[-1] >= 'A' && at[-1] <= 'Z'));
    if (alone && at[0] == 'D' && at[1] == '/')
      bytes_append(&out, w->dir, strlen(w->dir));
    else if (alone && at[0] == 'U' && (at[1] == '/' || !at[1] || at[1] == '\n'))
      bytes_append(&out, w->peer.url, strlen(w->peer.url) - 1); /* its slash is the text's */
    else
      bytes_append(&out, at, 1);
  }
  return out.data;
}

static inline void world_environment(const struct world *w, const char *const *variables) {
  clearenv();
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere", 1);
  setenv("AWS_CONFIG_FILE", "/nowhere", 1);
  for (size_t i = 0; i < MOST_VARIABLES && variables[i]; i++) {
    char *text = world_text(w, variables[i]), *equals = strchr(text, '=');
    *equals = '\0';
    setenv(text, equals + 1, 1);
    free(text);
  }
}

static inline void world_file(const struct world *w, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", w->dir, name);
  unlink(path);
  if (!text) return;
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  char *whole = world_text(w, text);
  fputs(whole, f);
  free(whole);
  fclose(f);
}

static inline void world_script(struct world *w, const struct answer *answers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct bytes reply = {0};
    if (answers[i].status)
      bytes_printf(&reply, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", answers[i].status,
                   strlen(answers[i].body ? answers[i].body : ""),
                   answers[i].body ? answers[i].body : "");
    w->replies[i] = reply.data;
    w->script[i] = (struct peer_line){.reply = reply.data, .then = answers[i].then};
  }
  w->peer.script = w->script;
  w->peer.lines = count;
  w->peer.requests = 0;
}

static inline size_t answers_of(const struct answer *answers) {
  size_t n = 0;
  while (n < MOST_LINES && (answers[n].status || answers[n].then)) n++;
  return n;
}

static inline void world_open(struct world *w) {
  static const struct peer_line none[] = {{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", KEEP, 0}};
  memset(w, 0, sizeof *w);
  the_world = w;
  w->now = 1700000000;
  strcpy(w->dir, "/tmp/usher-creds-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  uv_loop_init(&w->loop);
  peer_open(&w->loop, &w->peer, none, 1);
  w->peer.on_request = on_peer_request;
  const struct client_settings patient = {.connect_timeout_ms = 60 * 60 * 1000};
  assert_int_equal(client_open(&w->loop, &patient, &w->client), 0);
}

static inline void world_forget_script(struct world *w) {
  for (size_t i = 0; i < MOST_LINES; i++) {
    free(w->replies[i]);
    w->replies[i] = NULL;
  }
}

static inline void world_close(struct world *w) {
  client_close(w->client);
  peer_close(&w->peer);
  while (uv_run(&w->loop, UV_RUN_DEFAULT)) {}
  assert_int_equal(uv_loop_close(&w->loop), 0);
  world_forget_script(w);
  world_file(w, "token", NULL);
  world_file(w, "config", NULL);
  rmdir(w->dir);
}

static inline void note(char *out, size_t size, const char *text) {
  snprintf(out, size, "%s", text ? text : "");
}

static inline void on_round(const struct credentials_result *result, void *ctx) {
  struct world *w = ctx;
  struct outcome *o = &w->outcome;
  *o = (struct outcome){.err = result->err, .expires = result->found.expires};
  note(o->id, sizeof o->id, result->found.access_key_id.data);
  note(o->secret, sizeof o->secret, result->found.secret_access_key.data);
  note(o->token, sizeof o->token, result->found.session_token.data);
  note(o->source, sizeof o->source, result->source);
  note(o->region, sizeof o->region, result->region);
  note(o->why, sizeof o->why, result->err ? result->why : "");
  w->done = true;
  uv_stop(&w->loop); /* as in client_world.h */
}

/* Asks once; the outcome is in w. */
static inline void world_ask(struct world *w, const char *const *variables,
                             const struct answer *answers) {
  const struct credentials_round_settings settings = {
      .loop = &w->loop, .client = w->client, .pace_ms = 1, .now = world_now};
  struct credentials_round *round;
  world_environment(w, variables);
  world_script(w, answers, answers_of(answers));
  bool hangs = false; /* only then is a deadline what is tested */
  for (size_t i = 0; i < w->peer.lines; i++) hangs |= answers[i].then == HANG;
  if (!hangs) setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 0);
  memset(w->requests, 0, sizeof w->requests);
  w->done = false;
  assert_int_equal(credentials_round_start(&settings, on_round, w, &round), 0);
  while (!w->done) uv_run(&w->loop, UV_RUN_ONCE);
  world_forget_script(w);
}

static inline void expect_text(const char *row, const char *text, const char *part) {
  if (!part || strstr(text, part)) return;
  print_error("%s: \"%s\" is not in \"%s\"\n", row, part, text);
  fail();
}

static inline void expect_number(const char *row, const char *what, long got, long wanted) {
  if (got == wanted) return;
  print_error("%s: %s is %ld, not %ld\n", row, what, got, wanted);
  fail();
}

/* --- of a test program --- */

static struct world w;

static inline int open_world(void **state) {
  (void)state;
  world_open(&w);
  return 0;
}

static inline int close_world(void **state) {
  (void)state;
  world_close(&w);
  return 0;
}

struct answer_row {
  const char *name;
  struct answer answers[MOST_LINES];
  int err;
  unsigned requests;
  const char *why;
};

/* Each row asks once; those without an err bring what is good. */
static inline void expect_answers(const char *const *variables, const struct answer_row *rows,
                                  size_t count, const struct outcome *good) {
  for (const struct answer_row *row = rows; row < rows + count; row++) {
    world_ask(&w, variables, row->answers);
    expect_number(row->name, "err", w.outcome.err, row->err);
    expect_number(row->name, "requests", w.peer.requests, row->requests);
    expect_text(row->name, w.outcome.why, row->why);
    if (row->err) continue;
    assert_string_equal(w.outcome.id, good->id);
    assert_string_equal(w.outcome.secret, good->secret);
    assert_string_equal(w.outcome.token, good->token);
    assert_int_equal(w.outcome.expires, good->expires);
  }
}

#endif
