/* SPDX-License-Identifier: MIT */
/* CORS: the origins as settings gave them, and the header lines,
 * written once and appended often. */
#include "cors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { MAX_AGE = 600 };

struct cors {
  bool any, credentials;
  struct bytes origins; /* each with its NUL */
  struct bytes simple, preflight;
};

static bool origin_valid(const char *origin) {
  const char *host = strstr(origin, "://");
  if (!host || host == origin || !host[3]) return false;
  return !strpbrk(host + 3, "/?#@* \t\r\n");
}

static int add_origin(struct cors *c, const struct cors_settings *settings, const char *origin) {
  if (!strcmp(origin, "*")) {
    c->any = true;
    return settings->credentials ? UV_EINVAL : 0;
  }
  return origin_valid(origin) ? bytes_append(&c->origins, origin, strlen(origin) + 1) : UV_EINVAL;
}

static int write_constants(struct cors *c, const struct cors_settings *s) {
  const char *credentials = s->credentials ? "Access-Control-Allow-Credentials: true\r\n" : "";
  int err = bytes_printf(&c->simple, "%sAccess-Control-Expose-Headers: %s\r\n", credentials,
                         s->expose ? s->expose : "X-Request-Id, Retry-After");
  if (err) return err;
  return bytes_printf(
      &c->preflight, "%sAccess-Control-Allow-Headers: %s\r\nAccess-Control-Max-Age: %u\r\n",
      credentials,
      s->headers ? s->headers : "Authorization, Content-Type, Idempotency-Key, X-Request-Id",
      s->max_age ? s->max_age : MAX_AGE);
}

int cors_new(const struct cors_settings *settings, struct cors **out) {
  struct cors *c = calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  int err = 0;
  c->credentials = settings->credentials;
  for (size_t i = 0; i < settings->origin_count && !err; i++)
    err = add_origin(c, settings, settings->origins[i]);
  if (!err) err = write_constants(c, settings);
  if (err) {
    cors_free(c);
    return err;
  }
  *out = c;
  return 0;
}

void cors_free(struct cors *c) {
  if (!c) return;
  bytes_free(&c->origins);
  bytes_free(&c->simple);
  bytes_free(&c->preflight);
  free(c);
}

bool cors_on(const struct cors *c) {
  return c->any || c->origins.len;
}

bool cors_allows(const struct cors *c, struct slice origin) {
  if (c->any) return true;
  for (size_t at = 0; at < c->origins.len;) {
    const char *known = c->origins.data + at;
    size_t len = strlen(known);
    if (len == origin.len && !memcmp(known, origin.data, len)) return true;
    at += len + 1;
  }
  return false;
}

static int write_lines(const struct cors *c, struct slice origin, const struct bytes *constants,
                       struct bytes *out) {
  static const char name[] = "Access-Control-Allow-Origin: ";
  int err = bytes_append(out, name, sizeof name - 1);
  if (!err) err = c->any ? bytes_append(out, "*", 1) : bytes_append(out, origin.data, origin.len);
  if (!err) err = bytes_append(out, "\r\n", 2);
  return err ? err : bytes_append(out, constants->data, constants->len);
}

int cors_write(const struct cors *c, struct slice origin, struct bytes *out) {
  int err = c->any ? 0 : bytes_append(out, "Vary: Origin\r\n", 14);
  if (err || !origin.len || !cors_allows(c, origin)) return err;
  return write_lines(c, origin, &c->simple, out);
}

int cors_write_preflight(const struct cors *c, struct slice origin, const char *methods,
                         struct bytes *out) {
  static const char vary[] =
      "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n";
  int err = bytes_append(out, vary, sizeof vary - 1);
  if (err || !cors_allows(c, origin)) return err;
  err = write_lines(c, origin, &c->preflight, out);
  return err ? err : bytes_printf(out, "Access-Control-Allow-Methods: %s\r\n", methods);
}
