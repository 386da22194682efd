/* SPDX-License-Identifier: MIT */
/* The official Signature Version 4 suite, header and query form. It is not part of this repository:
 * USHER_SIGV4_SUITE names its directory (the one that has v4/), or it lies in shared/ beside the
 * working copy. Absent: exit code 77, skipped. */
#include "encoding.h"
#include "sigv4.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SKIPPED = 77, CASES = 38, FILE_MAX = 16384 };

struct test_case {
  char dir[512];
  char context[FILE_MAX], request_text[FILE_MAX];
  struct sigv4_header headers[32];
  struct sigv4_request request;
  struct sigv4_options options;
};

static struct slice read_file(const char *dir, const char *name, char *room) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "rb");
  if (!f) return (struct slice){0};
  size_t len = fread(room, 1, FILE_MAX - 1, f);
  fclose(f);
  room[len] = '\0';
  return (struct slice){room, len};
}

/* The text behind "key": in the context, up to the quote, comma or line that ends it. */
static struct slice context_value(const char *context, const char *key) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = strstr(context, quoted);
  if (!at) return (struct slice){"", 0};
  at += strlen(quoted);
  at += strspn(at, " \"");
  return (struct slice){at, strcspn(at, "\",\n")};
}

static bool context_true(const char *context, const char *key) {
  struct slice v = context_value(context, key);
  return v.len == 4 && !memcmp(v.data, "true", 4);
}

static void read_headers(struct test_case *c, char *at) {
  while (*at && *at != '\n') {
    struct sigv4_header *h = &c->headers[c->request.header_count++];
    char *colon = strchr(at, ':'), *end = strchr(at, '\n');
    while (end && (end[1] == ' ' || end[1] == '\t')) end = strchr(end + 1, '\n'); /* a fold */
    if (!end) end = at + strlen(at);
    h->name = (struct slice){at, (size_t)(colon - at)};
    h->value = (struct slice){colon + 1, (size_t)(end - colon - 1)};
    at = *end ? end + 1 : end;
  }
  if (*at == '\n') c->request.body = (struct slice){at + 1, strlen(at + 1)};
}

static void read_request(struct test_case *c) {
  struct slice text = read_file(c->dir, "request.txt", c->request_text);
  char *line_end = memchr(text.data, '\n', text.len), *target = strchr(text.data, ' ') + 1;
  char *target_end = line_end - strlen(" HTTP/1.1"), *mark = strchr(text.data, '?');
  if (!mark || mark > target_end) mark = target_end;
  c->request.method = (struct slice){text.data, (size_t)(target - 1 - text.data)};
  c->request.path = (struct slice){target, (size_t)(mark - target)};
  if (mark < target_end)
    c->request.query = (struct slice){mark + 1, (size_t)(target_end - mark - 1)};
  c->request.headers = c->headers;
  read_headers(c, line_end + 1);
}

static void read_context(struct test_case *c) {
  const char *context = read_file(c->dir, "context.json", c->context).data;
  struct sigv4_options *o = &c->options;
  o->access_key_id = context_value(context, "access_key_id");
  o->secret = context_value(context, "secret_access_key");
  o->token = context_value(context, "token");
  o->region = context_value(context, "region");
  o->service = context_value(context, "service");
  o->path = context_true(context, "normalize") ? SIGV4_PATH_NORMAL : SIGV4_PATH_KEPT;
  o->sign_body = context_true(context, "sign_body");
  o->token_unsigned = context_true(context, "omit_session_token");
  o->expires = (unsigned)atoi(context_value(context, "expiration_in_seconds").data);
  timestamp_parse_extended(context_value(context, "timestamp"), &o->time);
}

static bool agrees(const struct test_case *c, const char *file, const char *got, size_t len) {
  char room[FILE_MAX];
  struct slice want = read_file(c->dir, file, room);
  if (want.data && want.len == len && !memcmp(want.data, got, len)) return true;
  printf("%s/%s\n--- wanted\n%s\n--- got\n%.*s\n", c->dir, file,
         want.data ? want.data : "(no file)", (int)len, got);
  return false;
}

static bool run(const char *dir, bool query, struct sigv4_keys *keys, struct sigv4_signed *out) {
  struct test_case c = {0};
  snprintf(c.dir, sizeof c.dir, "%s", dir);
  read_context(&c);
  read_request(&c);
  int err = query ? sigv4_presign(keys, &c.request, &c.options, out)
                  : sigv4_sign(keys, &c.request, &c.options, out);
  if (err) {
    printf("%s: error %d\n", dir, err);
    return false;
  }
  const char *form = query ? "query" : "header";
  char file[64];
  snprintf(file, sizeof file, "%s-canonical-request.txt", form);
  bool ok = agrees(&c, file, out->canonical.data, out->canonical.len);
  snprintf(file, sizeof file, "%s-string-to-sign.txt", form);
  ok = agrees(&c, file, out->string_to_sign.data, out->string_to_sign.len) && ok;
  snprintf(file, sizeof file, "%s-signature.txt", form);
  ok = agrees(&c, file, out->signature, 64) && ok;
  char room[FILE_MAX];
  snprintf(file, sizeof file, "%s-signed-request.txt", form);
  const char *sent = read_file(dir, file, room).data;
  return ok && sent && (query || strstr(sent, out->authorization.data));
}

static const char *find_suite(void) {
  static const char *const places[] = {TEST_DATA "/../../../shared/sigv4-suite",
                                       TEST_DATA "/../../../../shared/sigv4-suite"};
  struct stat st;
  const char *named = getenv("USHER_SIGV4_SUITE");
  if (named && *named) return named;
  for (size_t i = 0; i < 2; i++)
    if (!stat(places[i], &st)) return places[i];
  return NULL;
}

int main(void) {
  const char *suite = find_suite();
  char path[1024];
  if (!suite) {
    puts("skipped: no Signature Version 4 suite (set USHER_SIGV4_SUITE)");
    return SKIPPED;
  }
  snprintf(path, sizeof path, "%s/v4", suite);
  DIR *dir = opendir(path);
  if (!dir) {
    printf("%s: no such directory\n", path);
    return 1;
  }
  struct sigv4_keys *keys = sigv4_keys_new();
  struct sigv4_signed out = {0};
  int cases = 0, header = 0, query = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/v4/%s", suite, entry->d_name);
    cases++;
    header += run(path, false, keys, &out);
    query += run(path, true, keys, &out);
  }
  closedir(dir);
  sigv4_signed_free(&out);
  sigv4_keys_free(keys);
  printf("header form %d/%d, query form %d/%d\n", header, cases, query, cases);
  return cases == CASES && header == cases && query == cases ? 0 : 1;
}
