/* SPDX-License-Identifier: MIT */
/* Metrics: sums are exact from any number of threads, and Prometheus can read what is rendered. */
#include "unit.h"

#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static int reset(void **state) {
  (void)state;
  metrics_reset();
  return 0;
}

static char *rendered(void) {
  struct bytes text = {0};
  assert_int_equal(metrics_render(&text), 0);
  return text.data ? text.data : calloc(1, 1);
}

static void assert_rendered(const char *expected) {
  char *text = rendered();
  assert_string_equal(text, expected);
  free(text);
}

static void test_empty(void **state) {
  (void)state;
  assert_rendered("");
  assert_true(metrics_value("nothing", "") == 0);
}

static void test_format(void **state) {
  (void)state;
  metrics_count("b_total", "step=\"cognito\"", 1);
  metrics_gauge("c", "", -2.5);
  metrics_count("b_total", "", 3);
  metrics_count("b_total", "step=\"cognito\"", 0.5);
  metrics_gauge("a", "", 1e6);
  metrics_gauge("a", "", 123456789012345.0);
  assert_rendered("# TYPE a gauge\n"
                  "a 123456789012345\n"
                  "# TYPE b_total counter\n"
                  "b_total 3\n"
                  "b_total{step=\"cognito\"} 1.5\n"
                  "# TYPE c gauge\n"
                  "c -2.5\n");
  assert_true(metrics_value("b_total", "step=\"cognito\"") == 1.5);
}

/* Each bucket holds what is at most its bound, so that the counts never fall from
 * one to the next. */
static void test_histogram(void **state) {
  (void)state;
  static const double seconds[] = {0, 0.001, 0.0011, 0.25, 29.9, 30, 31, 1e9};
  for (size_t i = 0; i < COUNT(seconds); i++) metrics_observe("h", "a=\"b\"", seconds[i]);
  char *text = rendered();
  static const char *const lines[] = {
      "# TYPE h histogram\n",
      "h_bucket{a=\"b\",le=\"0.001\"} 2\n",
      "h_bucket{a=\"b\",le=\"0.0025\"} 3\n",
      "h_bucket{a=\"b\",le=\"0.1\"} 3\n",
      "h_bucket{a=\"b\",le=\"0.25\"} 4\n",
      "h_bucket{a=\"b\",le=\"10\"} 4\n",
      "h_bucket{a=\"b\",le=\"30\"} 6\n",
      "h_bucket{a=\"b\",le=\"+Inf\"} 8\n",
      "h_sum{a=\"b\"} 1.00000009e+09\n",
      "h_count{a=\"b\"} 8\n",
  };
  const char *at = text;
  for (size_t i = 0; i < COUNT(lines); i++) {
    at = strstr(at, lines[i]);
    if (!at) fail_msg("%s not in its place in\n%s", lines[i], text);
  }
  unsigned long long last = 0, count;
  for (at = text; (at = strstr(at, "_bucket{")); at++) {
    assert_int_equal(sscanf(strchr(at, '}'), "} %llu", &count), 1);
    assert_true(count >= last);
    last = count;
  }
  free(text);
  assert_true(metrics_value("h", "a=\"b\"") == 8);
}

static void test_words(void **state) {
  (void)state;
  metrics_describe("a_total", "Old.");
  metrics_describe("a_total", "A line,\nand a \\ in it.");
  metrics_describe("never", "Not there.");
  metrics_set_common("env=\"test\"");
  metrics_count("a_total", "", 1);
  metrics_count("a_total", "step=\"x\"", 2);
  metrics_gauge("a_total", "", 1);
  metrics_gauge("b", "", 1.5);
  assert_rendered("# HELP a_total A line,\\nand a \\\\ in it.\n"
                  "# TYPE a_total counter\n"
                  "a_total{env=\"test\"} 1\n"
                  "a_total{env=\"test\",step=\"x\"} 2\n"
                  "# TYPE b gauge\n"
                  "b{env=\"test\"} 1.5\n"
                  "# TYPE usher_metrics_dropped_total counter\n"
                  "usher_metrics_dropped_total{env=\"test\"} 1\n");
  metrics_observe("c", "", 3);
  char *text = rendered();
  assert_non_null(strstr(text, "c_bucket{env=\"test\",le=\"5\"} 1\n"));
  assert_non_null(strstr(text, "c_sum{env=\"test\"} 3\n"));
  free(text);
}

/* The i-th change of a reader, by name; takes it if asked to. */
static struct metrics_change change(enum metrics_reader reader, const char *name, bool take) {
  struct metrics_change *list, found = {0};
  size_t n;
  assert_int_equal(metrics_changes(reader, &list, &n), 0);
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0) found = list[i];
  if (take) metrics_take(reader, &found);
  free(list);
  return found;
}

static void test_changes(void **state) {
  (void)state;
  metrics_count("n", "", 0);
  assert_true(change(METRICS_EMF, "n", false).fresh);
  metrics_count("n", "", 2);
  assert_true(change(METRICS_EMF, "n", false).value == 2); /* not taken: it comes again */
  struct metrics_change first = change(METRICS_EMF, "n", false);
  metrics_count("n", "", 3); /* between looking and taking */
  metrics_take(METRICS_EMF, &first);
  struct metrics_change second = change(METRICS_EMF, "n", true);
  assert_true(second.value == 3 && !second.fresh);
  assert_true(change(METRICS_EMF, "n", true).value == 0);
  assert_true(change(METRICS_CLOUDWATCH, "n", true).value == 5); /* each reader for itself */

  metrics_gauge("g", "", 7);
  change(METRICS_EMF, "g", true);
  assert_true(change(METRICS_EMF, "g", true).value == 7); /* a gauge is what it is */

  metrics_observe("h", "", 0.001);
  metrics_observe("h", "", 0.0005);
  metrics_observe("h", "", 100);
  struct metrics_change h = change(METRICS_EMF, "h", true);
  assert_true(h.counts[0] == 2 && h.sums[0] == 0.0015);
  assert_true(h.counts[METRICS_RANGES - 1] == 1 && h.sums[METRICS_RANGES - 1] == 100);
  metrics_observe("h", "", 100);
  h = change(METRICS_EMF, "h", true);
  assert_true(h.counts[0] == 0 && h.counts[METRICS_RANGES - 1] == 1 && h.value == 100);
}

/* One name, one kind: what comes as another is counted as lost, under any labels. */
static void test_kinds(void **state) {
  (void)state;
  metrics_count("x", "", 1);
  metrics_gauge("x", "", 7);
  metrics_gauge("x", "a=\"1\"", 7);
  metrics_observe("x", "a=\"2\"", 7);
  assert_rendered("# TYPE x counter\nx 1\n"
                  "# TYPE usher_metrics_dropped_total counter\nusher_metrics_dropped_total 3\n");
}

static void test_cap(void **state) {
  (void)state;
  char labels[32];
  char name[32], longer[METRICS_TEXT_MAX + 1];
  for (int i = 0; i < METRICS_OF_NAME_MAX + 4; i++) {
    snprintf(labels, sizeof labels, "n=\"%d\"", i);
    metrics_count("many", labels, 1);
  }
  for (int i = METRICS_OF_NAME_MAX; i < METRICS_MAX + 5; i++) {
    snprintf(name, sizeof name, "other_%d", i);
    metrics_count(name, "", 1);
  }
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  metrics_count("x", longer, 1);
  metrics_count("many", "n=\"0\"", 1); /* those that are there go on */
  assert_true(metrics_value("many", "n=\"0\"") == 2);
  snprintf(labels, sizeof labels, "n=\"%d\"", METRICS_OF_NAME_MAX);
  assert_true(metrics_value("many", labels) == 0);
  assert_true(metrics_value("other_1000", "") == 1);
  char *text = rendered();
  assert_non_null(strstr(text, "\nusher_metrics_dropped_total 10\n"));
  free(text);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void use(void *arg) {
  char labels[32];
  snprintf(labels, sizeof labels, "t=\"%d\"", *(const int *)arg);
  for (int i = 0; i < ROUNDS; i++) {
    metrics_count("all_total", "", 1);
    metrics_count("own_total", labels, 2);
    metrics_observe("seconds", "", 0.25);
    metrics_gauge("last", "", i);
    if (i % 5000 == 0) free(rendered());
  }
}

static void test_threads(void **state) {
  (void)state;
  uv_thread_t threads[THREADS];
  static const int names[THREADS] = {0, 1, 2, 3};
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], use, (void *)&names[i]), 0);
  for (int i = 0; i < THREADS; i++) uv_thread_join(&threads[i]);
  assert_true(metrics_value("all_total", "") == THREADS * ROUNDS);
  assert_true(metrics_value("own_total", "t=\"2\"") == 2 * ROUNDS);
  assert_true(metrics_value("seconds", "") == THREADS * ROUNDS);
  assert_true(metrics_value("last", "") == ROUNDS - 1);
  char *text = rendered();
  assert_non_null(strstr(text, "seconds_sum 20000\n"));
  assert_non_null(
      strstr(text, "seconds_bucket{le=\"0.1\"} 0\nseconds_bucket{le=\"0.25\"} 80000\n"));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_empty, reset),     cmocka_unit_test_setup(test_format, reset),
      cmocka_unit_test_setup(test_histogram, reset), cmocka_unit_test_setup(test_kinds, reset),
      cmocka_unit_test_setup(test_words, reset),     cmocka_unit_test_setup(test_changes, reset),

      cmocka_unit_test_setup(test_cap, reset),       cmocka_unit_test_setup(test_threads, reset),
  };
  return cmocka_run_group_tests(tests, NULL, reset);
}
