/* SPDX-License-Identifier: MIT */
/* The structured log. No lock and no buffer of its own: output.c keeps a line whole. */
#include "log.h"

#include "bytes.h"
#include "metrics.h"
#include "output.h"

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

const char log_number[] = "number";

static atomic_int threshold = LOG_INFO;
static atomic_uint lost; /* lines that could not be written, and were not told of */
static const char *const names[] = {"debug", "info", "warn", "error", "off"};

/* Matched anywhere in a field's name, without regard to case or to "_" and "-". */
static const char *const redacted[] = {
    "password", "secret", "token",  "authorization", "cookie",     "proof",   "apikey",
    "code",     "email",  "bearer", "credential",    "privatekey", "session",
};
/* Matched as a whole. */
static const char *const personal[] = {"name",      "organization", "utm",     "utmsource",
                                       "utmmedium", "utmcampaign",  "utmterm", "utmcontent"};
/* Names that hold one of the words above and yet are what a person on call needs. */
static const char *const shown[] = {"statuscode", "errorcode", "exitcode", "codesent",
                                    "emailverified"};

void log_set_level(enum log_level level) {
  atomic_store(&threshold, level);
}
bool log_wants(enum log_level level) {
  return (int)level >= atomic_load(&threshold);
}

int log_level_parse(const char *name) {
  for (int i = 0; i <= LOG_OFF; i++)
    if (strcmp(name, names[i]) == 0) return i;
  return -1;
}

static const char *skip_marks(const char *name) {
  while (*name == '_' || *name == '-') name++;
  return name;
}

/* What is left of the name behind the folded word it begins with; NULL when it does not. */
static const char *behind(const char *name, const char *word) {
  for (name = skip_marks(name); *word; word++, name = skip_marks(name + 1)) {
    char c = *name;
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != *word) return NULL;
  }
  return name;
}

bool log_redacts(const char *name) {
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    const char *rest = behind(name, shown[i]);
    if (rest && !*rest) return false;
  }
  for (size_t i = 0; i < sizeof personal / sizeof *personal; i++) {
    const char *rest = behind(name, personal[i]);
    if (rest && !*rest) return true;
  }
  for (; *name; name++)
    for (size_t i = 0; i < sizeof redacted / sizeof *redacted; i++)
      if (behind(name, redacted[i])) return true;
  return false;
}

static void append_string(struct bytes *line, const char *s) {
  bytes_append(line, "\"", 1);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      bytes_printf(line, "\\%c", c);
    else if (c < 0x20 || c > 0x7e) /* whatever the bytes were, the line stays JSON */
      bytes_printf(line, "\\u%04x", c);
    else
      bytes_append(line, s, 1);
  }
  bytes_append(line, "\"", 1);
}

static void append_name(struct bytes *line, const char *name) {
  bytes_append(line, ",", 1);
  append_string(line, name);
  bytes_append(line, ":", 1);
}

/* JSON knows no infinity. */
static void append_number(struct bytes *line, double n) {
  if (isfinite(n))
    bytes_printf(line, "%.15g", n);
  else
    bytes_append(line, "null", 4);
}

static void append_head(struct bytes *line, enum log_level level, const char *event) {
  struct timespec now;
  struct tm tm;
  char stamp[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
  bytes_printf(line, "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",\"event\":", stamp,
               now.tv_nsec / 1000000, names[level]);
  append_string(line, event);
}

static bool write_line(struct bytes *line) {
  bytes_append(line, "}\n", 2);
  bool taken = output_write(OUTPUT_ERR, line->data, line->len);
  bytes_free(line);
  return taken;
}

/* Once for all that were lost, when the reader has caught up. */
static void tell_lost(void) {
  struct bytes line = {0};
  unsigned n = output_is_behind(OUTPUT_ERR) ? 0 : atomic_exchange(&lost, 0);
  if (!n) return;
  append_head(&line, LOG_WARN, "log_lines_lost");
  bytes_printf(&line, ",\"lines\":%u,\"why\":\"nobody read standard error\"", n);
  if (!write_line(&line)) atomic_fetch_add(&lost, n);
}

/* Serving goes on when nobody reads the log. */
static void put(struct bytes *line) {
  if (atomic_load(&lost)) tell_lost();
  if (write_line(line)) return;
  atomic_fetch_add(&lost, 1);
  metrics_count("usher_log_lines_lost_total", "", 1);
}

void log_event(enum log_level level, const char *event, ...) {
  if (!log_wants(level)) return;
  struct bytes line = {0};
  append_head(&line, level, event);
  va_list args;
  va_start(args, event);
  for (const char *name; (name = va_arg(args, const char *));) {
    bool is_number = name == log_number;
    if (is_number) name = va_arg(args, const char *);
    append_name(&line, name);
    const char *value = is_number ? NULL : va_arg(args, const char *);
    double number = is_number ? va_arg(args, double) : 0;
    if (is_number && !log_redacts(name))
      append_number(&line, number);
    else
      append_string(&line, log_redacts(name) ? "[redacted]" : value ? value : "");
  }
  va_end(args);
  put(&line);
}

void log_members(enum log_level level, const char *event, const char *members, size_t len) {
  if (!log_wants(level)) return;
  struct bytes line = {0};
  append_head(&line, level, event);
  if (len) {
    bytes_append(&line, ",", 1);
    bytes_append(&line, members, len);
  }
  put(&line);
}
