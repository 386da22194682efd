/* SPDX-License-Identifier: MIT */
/* Points in time. The calendar is the proleptic Gregorian one, in years that begin in March: leap
 * days come last. */
#include "timestamp.h"

#include <string.h>

struct moment {
  int year, month, day, hour, minute, second;
};

static int64_t days_until(int year, int month, int day) { /* since 1970-01-01 */
  int64_t y = month > 2 ? year : year - 1;
  int64_t m = month > 2 ? month - 3 : month + 9;
  int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static void digits(char *out, int64_t value, int width) {
  while (width--) {
    out[width] = (char)('0' + value % 10);
    value /= 10;
  }
}

void timestamp_basic(int64_t seconds, char out[TIMESTAMP_BASIC + 1]) {
  const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
  if (seconds < 0) seconds = 0;
  if (seconds > last) seconds = last;
  int64_t days = seconds / 86400 + 719468, rest = seconds % 86400;
  int64_t era = days / 146097, day_of_era = days % 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t m = (5 * day_of_year + 2) / 153;
  int64_t month = m < 10 ? m + 3 : m - 9;
  digits(out, era * 400 + year_of_era + (month <= 2), 4);
  digits(out + 4, month, 2);
  digits(out + 6, day_of_year - (153 * m + 2) / 5 + 1, 2);
  out[8] = 'T';
  digits(out + 9, rest / 3600, 2);
  digits(out + 11, rest / 60 % 60, 2);
  digits(out + 13, rest % 60, 2);
  memcpy(out + 15, "Z", 2);
}

/* Reads text by a form: Y M D h m s stand for one digit each of that field, anything else for
 * itself. */
static bool read_form(struct slice text, const char *form, struct moment *at) {
  *at = (struct moment){.month = 1, .day = 1};
  if (text.len != strlen(form)) return false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    int *field = form[i] == 'Y'   ? &at->year
                 : form[i] == 'M' ? &at->month
                 : form[i] == 'D' ? &at->day
                 : form[i] == 'h' ? &at->hour
                 : form[i] == 'm' ? &at->minute
                 : form[i] == 's' ? &at->second
                                  : NULL;
    if (!field) {
      if (c != form[i]) return false;
      continue;
    }
    if (c < '0' || c > '9') return false;
    bool first = i == 0 || form[i - 1] != form[i];
    *field = (first ? 0 : *field * 10) + (c - '0');
  }
  return true;
}

static bool moment_seconds(const struct moment *at, int64_t *seconds) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (at->month < 1 || at->month > 12 || at->hour > 23 || at->minute > 59 || at->second > 60)
    return false;
  bool leap = at->year % 4 == 0 && (at->year % 100 != 0 || at->year % 400 == 0);
  int length = lengths[at->month - 1] + (at->month == 2 && leap);
  if (at->day < 1 || at->day > length) return false;
  *seconds = days_until(at->year, at->month, at->day) * 86400 + at->hour * 3600 + at->minute * 60 +
             at->second;
  return true;
}

bool timestamp_parse_basic(struct slice text, int64_t *seconds) {
  struct moment at;
  return read_form(text, "YYYYMMDDThhmmssZ", &at) && moment_seconds(&at, seconds);
}

bool timestamp_parse_extended(struct slice text, int64_t *seconds) {
  static const char form[] = "YYYY-MM-DDThh:mm:ss";
  struct slice head = {text.data, sizeof form - 1};
  struct moment at;
  if (text.len < head.len || !read_form(head, form, &at)) return false;
  size_t i = head.len;
  if (i < text.len && text.data[i] == '.') {
    do i++;
    while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9');
    if (i == head.len + 1) return false;
  }
  struct slice zone = {text.data + i, text.len - i};
  bool utc = (zone.len == 1 && zone.data[0] == 'Z') ||
             (zone.len == 6 && (!memcmp(zone.data, "+00:00", 6)));
  return utc && moment_seconds(&at, seconds);
}

bool timestamp_parse_http(struct slice text, int64_t *seconds) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  struct moment at;
  char numbers[20]; /* "30 008 2015 12:36:00", between the weekday and the zone */
  if (text.len != 29 || memcmp(text.data + 3, ", ", 2) || memcmp(text.data + 25, " GMT", 4))
    return false;
  memcpy(numbers, text.data + 5, sizeof numbers);
  int month = 0;
  for (int m = 1; m <= 12 && !month; m++)
    if (!memcmp(numbers + 3, months + 3 * (m - 1), 3)) month = m;
  if (!month) return false;
  digits(numbers + 3, month, 3);
  return read_form((struct slice){numbers, sizeof numbers}, "DD MMM YYYY hh:mm:ss", &at) &&
         moment_seconds(&at, seconds);
}
