/* SPDX-License-Identifier: MIT */
/* The log: a line is one write and one JSON object, whatever bytes came in;
 * secrets never stand in it. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "unit.h"

#include "log.h"
#include "metrics.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* Standard error, while a line is caught: a pair of sockets that keep the borders of each write. */
struct catch {
  int saved, in;
};

static struct catch catch_start(void) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  struct catch c = {dup(STDERR_FILENO), pair[0]};
  dup2(pair[1], STDERR_FILENO);
  close(pair[1]);
  return c;
}

/* The next write as an object; NULL: there was none. Its text is left in `text`. */
static json_t *catch_line(const struct catch *c, char *text, size_t size) {
  ssize_t n = recv(c->in, text, size - 1, MSG_DONTWAIT);
  if (n <= 0) return NULL;
  text[n] = '\0';
  json_error_t why;
  json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &why);
  if (!line || text[n - 1] != '\n') fail_msg("%s in %s", why.text, text);
  return line;
}

static void catch_end(const struct catch *c) {
  dup2(c->saved, STDERR_FILENO);
  close(c->saved);
  close(c->in);
}

static const char *member(const json_t *line, const char *name) {
  const char *value = json_string_value(json_object_get(line, name));
  return value ? value : "(none)";
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool redacts;
  } rows[] = {
      {"password", true},
      {"PASSWORD", true},
      {"new_password", true},
      {"Pass-Word", true},
      {"client_secret", true},
      {"stripe_token", true},
      {"Authorization", true},
      {"set-cookie", true},
      {"proof", true},
      {"api_key", true},
      {"x-api-key", true},
      {"code", true},
      {"confirmation_code", true},
      {"email", true},
      {"E-Mail", true},
      {"bearer", true},
      {"credentials", true},
      {"private_key", true},
      {"session", true},
      {"s_e_s_s_i_o_n", true},
      {"passpassword", true},
      {"status_code", false},
      {"error_code", false},
      {"ErrorCode", false},
      {"exit-code", false},
      {"my_status_code", true},
      {"status_codes", true},
      {"", false},
      {"_-", false},
      {"status", false},
      {"passwor", false},
      {"path", false},
      {"key", false},
      {"request_id", false},
  };
  for (size_t i = 0; i < COUNT(rows); i++)
    if (log_redacts(rows[i].name) != rows[i].redacts) fail_msg("%s", rows[i].name);
  char longest[1000];
  memset(longest, 'x', sizeof longest);
  strcpy(longest + sizeof longest - 10, "_password");
  assert_true(log_redacts(longest));
}

static void test_redaction(void **state) {
  (void)state;
  char text[4096];
  struct catch c = catch_start();
  log_event(LOG_ERROR, "signup", "Password", "Corr3ct-Horse!", "step", "cognito", "api_key", NULL,
            NULL);
  json_t *line = catch_line(&c, text, sizeof text);
  catch_end(&c);
  assert_string_equal(member(line, "Password"), "[redacted]");
  assert_string_equal(member(line, "api_key"), "[redacted]");
  assert_string_equal(member(line, "step"), "cognito");
  assert_null(strstr(text, "Corr3ct"));
  json_decref(line);
}

static void test_shape(void **state) {
  (void)state;
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  char text[4096];
  int year, month, day, hour, minute, second, ms, end = 0;
  for (int i = LOG_DEBUG; i < LOG_OFF; i++) {
    struct catch c = catch_start();
    log_set_level(LOG_DEBUG);
    log_event((enum log_level)i, "it", NULL);
    log_members((enum log_level)i, "it", "\"n\":1,\"list\":[2]", 16);
    log_members((enum log_level)i, "it", NULL, 0);
    for (int lines = 0; lines < 3; lines++) {
      json_t *line = catch_line(&c, text, sizeof text);
      assert_non_null(line);
      assert_string_equal(member(line, "level"), levels[i]);
      assert_string_equal(member(line, "event"), "it");
      assert_int_equal(sscanf(member(line, "ts"), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month,
                              &day, &hour, &minute, &second, &ms, &end),
                       7);
      assert_int_equal(end, 24);
      assert_int_equal(json_integer_value(json_object_get(line, "n")), lines == 1);
      json_decref(line);
    }
    assert_null(catch_line(&c, text, sizeof text));
    catch_end(&c);
  }
  log_set_level(LOG_INFO);
}

/* Every byte, alone and in bad company, as event, name and value. */
static void test_any_bytes(void **state) {
  (void)state;
  char text[8192], bytes[8];
  struct catch c = catch_start();
  for (int first = 1; first < 256; first++)
    for (int second = 0; second < 256; second += 15) {
      snprintf(bytes, sizeof bytes, "a%c%c", first, second);
      log_event(LOG_ERROR, bytes, bytes, bytes, NULL);
      json_t *line = catch_line(&c, text, sizeof text);
      assert_int_equal(json_object_size(line), 4);
      json_decref(line);
    }
  static char large[10000];
  memset(large, 0xff, sizeof large - 1);
  static char room[70000];
  log_event(LOG_ERROR, "large", "value", large, NULL);
  json_t *line = catch_line(&c, room, sizeof room);
  catch_end(&c);
  assert_string_equal(member(line, "event"), "large");
  json_decref(line);
}

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } rows[] = {
      {0, "0"},
      {8080, "8080"},
      {-3, "-3"},
      {0.082, "0.082"},
      {68719476736.0, "68719476736"},
      {9007199254740992.0 / 16, "562949953421312"},
      {NAN, "null"},
      {-INFINITY, "null"},
  };
  char text[1024], expected[64];
  struct catch c = catch_start();
  for (size_t i = 0; i < COUNT(rows); i++) {
    log_event(LOG_ERROR, "it", "before", "a", LOG_NUMBER("n", rows[i].value), "after", "b", NULL);
    json_decref(catch_line(&c, text, sizeof text));
    snprintf(expected, sizeof expected, ",\"before\":\"a\",\"n\":%s,\"after\":\"b\"}\n",
             rows[i].text);
    assert_non_null(strstr(text, expected));
  }
  log_event(LOG_ERROR, "it", LOG_NUMBER("code", 123456), NULL);
  json_decref(catch_line(&c, text, sizeof text));
  assert_non_null(strstr(text, ",\"code\":\"[redacted]\"}"));
  catch_end(&c);
}

static void test_levels(void **state) {
  (void)state;
  static const char *const names[] = {"debug", "info", "warn", "error", "off"};
  static const char *const wrong[] = {"", "INFO", "information", "warning", "off "};
  char text[1024];
  for (int i = 0; i <= LOG_OFF; i++) {
    struct catch c = catch_start();
    assert_int_equal(log_level_parse(names[i]), i);
    log_set_level((enum log_level)i);
    for (int level = 0; level < LOG_OFF; level++) {
      assert_int_equal(log_wants((enum log_level)level), level >= i);
      log_event((enum log_level)level, "it", NULL);
      log_members((enum log_level)level, "it", "", 0);
    }
    int lines = 0;
    for (json_t *line; (line = catch_line(&c, text, sizeof text)); lines++) json_decref(line);
    catch_end(&c);
    assert_int_equal(lines, 2 * (LOG_OFF - i));
  }
  log_set_level(LOG_INFO);
  for (size_t i = 0; i < COUNT(wrong); i++) assert_int_equal(log_level_parse(wrong[i]), -1);
}

/* Serving goes on when nobody reads the log. What was lost is counted, and told once. */
static void test_nobody_reads(void **state) {
  (void)state;
  static const char *const events[] = {"log_lines_lost", "heard", "heard"};
  char text[4096];
  struct catch c = catch_start();
  int open = dup(STDERR_FILENO);
  close(STDERR_FILENO);
  for (int i = 0; i < 3; i++) log_event(LOG_ERROR, "unheard", NULL);
  dup2(open, STDERR_FILENO);
  close(open);
  for (int i = 0; i < 2; i++) log_event(LOG_ERROR, "heard", NULL);
  for (size_t i = 0; i < COUNT(events); i++) {
    json_t *line = catch_line(&c, text, sizeof text);
    assert_string_equal(member(line, "event"), events[i]);
    if (i == 0) assert_int_equal(json_integer_value(json_object_get(line, "lines")), 3);
    json_decref(line);
  }
  catch_end(&c);
  assert_true(metrics_value("usher_log_lines_lost_total", "") == 3);
  metrics_reset();
}

enum { THREADS = 4, LINES = 500 };

static void write_lines(void *arg) {
  char value[200];
  memset(value, *(const char *)arg, sizeof value - 1);
  value[sizeof value - 1] = '\0';
  for (int i = 0; i < LINES; i++) log_event(LOG_ERROR, "line", "value", value, NULL);
}

/* Lines of several threads never mix: each of them is whole. */
static void test_threads(void **state) {
  (void)state;
  static const char letters[] = "abcd";
  uv_thread_t threads[THREADS];
  int counts[THREADS] = {0}, pipe_fds[2], saved = dup(STDERR_FILENO);
  assert_int_equal(pipe(pipe_fds), 0);
  assert_true(fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20) >= THREADS * LINES * 300);
  dup2(pipe_fds[1], STDERR_FILENO);
  close(pipe_fds[1]);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], write_lines, (void *)&letters[i]), 0);
  for (int i = 0; i < THREADS; i++) uv_thread_join(&threads[i]);
  dup2(saved, STDERR_FILENO);
  close(saved);
  FILE *in = fdopen(pipe_fds[0], "r");
  for (char line[1024]; fgets(line, sizeof line, in);) {
    json_t *object = json_loads(line, 0, NULL);
    const char *value = member(object, "value");
    assert_int_equal(strlen(value), 199);
    assert_int_equal(strspn(value, (char[]){*value, '\0'}), 199);
    counts[*value - 'a']++;
    json_decref(object);
  }
  fclose(in);
  for (int i = 0; i < THREADS; i++) assert_int_equal(counts[i], LINES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),        cmocka_unit_test(test_redaction),
      cmocka_unit_test(test_shape),        cmocka_unit_test(test_any_bytes),
      cmocka_unit_test(test_numbers),      cmocka_unit_test(test_levels),
      cmocka_unit_test(test_nobody_reads), cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
