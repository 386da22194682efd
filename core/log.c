/* SPDX-License-Identifier: MIT */
/* The structured log. No lock and no buffer of its own: a line is one write, which the kernel keeps whole. */
#include "log.h"

#include "bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static atomic_int threshold = LOG_INFO;
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

static void put(struct bytes *line) {
  bytes_append(line, "}\n", 2);
  for (size_t done = 0; done < line->len;) {
    ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break; /* nobody reads the log any more: serving goes on */
    done += (size_t)n;
  }
  bytes_free(line);
}

void log_event(enum log_level level, const char *event, ...) {
  if (!log_wants(level)) return;
  struct bytes line = {0};
  append_head(&line, level, event);
  va_list args;
  va_start(args, event);
  for (const char *name; (name = va_arg(args, const char *));) {
    const char *value = va_arg(args, const char *);
    bytes_append(&line, ",", 1);
    append_string(&line, name);
    bytes_append(&line, ":", 1);
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
