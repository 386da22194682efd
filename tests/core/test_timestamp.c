/* SPDX-License-Identifier: MIT */
/* core/timestamp: the three forms, leap years, and what is no date. */
#include "unit.h"

#include "timestamp.h"

#include <string.h>
#include <time.h>

static struct slice text(const char *s) {
  return (struct slice){s, strlen(s)};
}

static const struct {
  int64_t seconds;
  const char *basic, *extended, *http;
} points[] = {
    {0, "19700101T000000Z", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {951782400, "20000229T000000Z", "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1440938160, "20150830T123600Z", "2015-08-30T12:36:00.123Z", "Sun, 30 Aug 2015 12:36:00 GMT"},
    {1735689599, "20241231T235959Z", "2024-12-31T23:59:59+00:00", "Tue, 31 Dec 2024 23:59:59 GMT"},
    {4107542400, "21000301T000000Z", "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
};

static void both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(points); i++) {
    char out[TIMESTAMP_BASIC + 1];
    int64_t seconds = -1;
    timestamp_basic(points[i].seconds, out);
    assert_string_equal(out, points[i].basic);
    assert_true(timestamp_parse_basic(text(points[i].basic), &seconds));
    assert_int_equal(seconds, points[i].seconds);
    assert_true(timestamp_parse_extended(text(points[i].extended), &seconds));
    assert_int_equal(seconds, points[i].seconds);
    assert_true(timestamp_parse_http(text(points[i].http), &seconds));
    assert_int_equal(seconds, points[i].seconds);
  }
}

static void agrees_with_the_c_library(void **state) {
  (void)state;
  for (int64_t t = 0; t < 8000000000; t += 8640007) {
    char got[TIMESTAMP_BASIC + 1], want[32];
    int64_t back;
    time_t seconds = (time_t)t;
    struct tm tm;
    strftime(want, sizeof want, "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &tm));
    timestamp_basic(t, got);
    assert_string_equal(got, want);
    assert_true(timestamp_parse_basic(text(got), &back));
    assert_int_equal(back, t);
  }
}

static void ends_are_held(void **state) {
  (void)state;
  char out[TIMESTAMP_BASIC + 1];
  timestamp_basic(-1, out);
  assert_string_equal(out, "19700101T000000Z");
  timestamp_basic(INT64_MAX, out);
  assert_string_equal(out, "99991231T235959Z");
}

static void no_dates(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "20150830T123600",
      "20150830T123600Z ",
      "20150830 123600Z",
      "2015O830T123600Z",
      "20150230T000000Z",
      "20150431T000000Z",
      "21000229T000000Z",
      "20151301T000000Z",
      "20150001T000000Z",
      "20150100T000000Z",
      "20150101T240000Z",
      "20150101T006000Z",
      "2015-08-30T12:36:00",
      "2015-08-30T12:36:00.Z",
      "2015-08-30T12:36:00.1",
      "2015-08-30T12:36:00+01:00",
      "2015-08-30 12:36:00Z",
      "Sun, 30 Aug 2015 12:36:00 CET",
      "Sun, 30 aug 2015 12:36:00 GMT",
      "Sun, 3 Aug 2015 12:36:00 GMT",
      "Sunday, 30-Aug-15 12:36:00 GMT",
      "Sun Aug 30 12:36:00 2015 GMT ",
  };
  int64_t seconds;
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_false(timestamp_parse_basic(text(rows[i]), &seconds));
    assert_false(timestamp_parse_extended(text(rows[i]), &seconds));
    assert_false(timestamp_parse_http(text(rows[i]), &seconds));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ways),
      cmocka_unit_test(agrees_with_the_c_library),
      cmocka_unit_test(ends_are_held),
      cmocka_unit_test(no_dates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
