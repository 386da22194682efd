/* SPDX-License-Identifier: MIT */
/* The canonical request: called by sigv4.c to sign and by sigv4_verify.c to check. */
#include "sigv4_canonical.h"

#include "encoding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

static int append_encoded(struct bytes *out, struct slice text, char keep) {
  int err = bytes_reserve(out, 3 * text.len);
  if (err) return err;
  out->len += percent_encode(text.data, text.len, keep, out->data + out->len);
  out->data[out->len] = '\0';
  return 0;
}

/* Dot segments and doubled slashes resolved; out grows by at most path.len + 1. */
static void append_normal(struct bytes *out, struct slice path) {
  size_t start = out->len;
  const char *at = path.data, *end = path.data + path.len;
  while (at < end) {
    const char *slash = memchr(at, '/', (size_t)(end - at));
    size_t len = (size_t)((slash ? slash : end) - at);
    if (len == 2 && at[0] == '.' && at[1] == '.') {
      while (out->len > start && out->data[--out->len] != '/') {}
    } else if (len && !(len == 1 && at[0] == '.')) {
      out->data[out->len++] = '/';
      memcpy(out->data + out->len, at, len);
      out->len += len;
    }
    at = slash ? slash + 1 : end;
  }
  if (out->len == start || path.data[path.len - 1] == '/') out->data[out->len++] = '/';
  out->data[out->len] = '\0';
}

int sigv4_canonical_path(struct slice path, enum sigv4_path mode, struct bytes *out) {
  if (path.len == 0 || (path.len == 1 && path.data[0] == '/')) return bytes_append(out, "/", 1);
  if (mode == SIGV4_PATH_S3) return bytes_append(out, path.data, path.len);
  if (mode == SIGV4_PATH_KEPT) return append_encoded(out, path, '/');
  struct bytes normal = {0};
  int err = bytes_reserve(&normal, path.len + 1);
  if (!err) {
    append_normal(&normal, path);
    err = append_encoded(out, (struct slice){normal.data, normal.len}, '/');
  }
  bytes_free(&normal);
  return err;
}

struct pair { /* encoded, pointing into one buffer that does not move */
  struct slice name, value;
};

static int compare_slices(struct slice a, struct slice b) {
  int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b) {
  const struct pair *p = a, *q = b;
  int order = compare_slices(p->name, q->name);
  return order ? order : compare_slices(p->value, q->value);
}

/* text decoded and encoded again at *room, which moves on; plain has room for it decoded. */
static struct slice recode(struct slice text, char *plain, char **room) {
  struct slice out = {*room, 0};
  out.len = percent_encode(plain, percent_decode(text.data, text.len, plain), 0, *room);
  *room += out.len;
  return out;
}

static size_t split_query(struct slice query, char *plain, char *room, struct pair *pairs) {
  size_t n = 0;
  const char *at = query.data, *end = query.data + query.len;
  while (at < end) {
    const char *amp = memchr(at, '&', (size_t)(end - at));
    const char *stop = amp ? amp : end;
    const char *equals = memchr(at, '=', (size_t)(stop - at));
    struct slice name = {at, (size_t)((equals ? equals : stop) - at)};
    struct slice value = {equals ? equals + 1 : stop, equals ? (size_t)(stop - equals - 1) : 0};
    if (stop > at) {
      pairs[n].name = recode(name, plain, &room);
      pairs[n].value = recode(value, plain, &room);
      bool signature =
          pairs[n].name.len == 15 && !memcmp(pairs[n].name.data, "X-Amz-Signature", 15);
      if (!signature) n++;
    }
    at = amp ? amp + 1 : end;
  }
  return n;
}

int sigv4_canonical_query(struct slice query, struct bytes *out) {
  if (query.len == 0) return 0;
  size_t max = 1;
  for (size_t i = 0; i < query.len; i++) max += query.data[i] == '&';
  int err = UV_ENOMEM;
  char *text = malloc(4 * query.len); /* one for the decoded, three for the encoded */
  struct pair *pairs = malloc(max * sizeof *pairs);
  if (!text || !pairs) goto done;
  size_t n = split_query(query, text, text + query.len, pairs);
  qsort(pairs, n, sizeof *pairs, compare_pairs);
  err = bytes_reserve(out, 3 * query.len + 2 * n);
  for (size_t i = 0; i < n && !err; i++) {
    if (i) bytes_append(out, "&", 1);
    bytes_append(out, pairs[i].name.data, pairs[i].name.len);
    bytes_append(out, "=", 1);
    bytes_append(out, pairs[i].value.data, pairs[i].value.len);
  }
done:
  free(pairs);
  free(text);
  return err;
}

int sigv4_headers_add(struct sigv4_headers *h, struct slice name, struct slice value) {
  if (h->count == SIGV4_MAX_HEADERS) return UV_E2BIG;
  h->list[h->count++] = (struct sigv4_header){name, value};
  return 0;
}

static int compare_names(struct slice a, struct slice b) {
  int order = strncasecmp(a.data, b.data, a.len < b.len ? a.len : b.len);
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void sort_headers(struct sigv4_headers *h) { /* few, and mostly sorted: insertion, stable */
  for (size_t i = 1; i < h->count; i++) {
    struct sigv4_header moving = h->list[i];
    size_t at = i;
    for (; at && compare_names(h->list[at - 1].name, moving.name) > 0; at--)
      h->list[at] = h->list[at - 1];
    h->list[at] = moving;
  }
}

static int append_lower(struct bytes *out, struct slice name) {
  int err = bytes_reserve(out, name.len);
  if (err) return err;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    out->data[out->len++] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
  }
  out->data[out->len] = '\0';
  return 0;
}

static bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, every run of blanks and folds one space. */
static int append_value(struct bytes *out, struct slice value) {
  int err = bytes_reserve(out, value.len);
  if (err) return err;
  size_t start = out->len;
  for (size_t i = 0; i < value.len; i++) {
    bool space = blank(value.data[i]);
    if (space && (out->len == start || out->data[out->len - 1] == ' ')) continue;
    out->data[out->len++] = space ? ' ' : value.data[i];
  }
  if (out->len > start && out->data[out->len - 1] == ' ') out->len--;
  out->data[out->len] = '\0';
  return 0;
}

static int append_headers(const struct sigv4_headers *h, struct sigv4_signed *out) {
  int err = 0;
  for (size_t i = 0; i < h->count && !err; i++) {
    struct slice name = h->list[i].name;
    bool same = i && compare_names(h->list[i - 1].name, name) == 0;
    if (same) {
      out->canonical.data[out->canonical.len - 1] = ','; /* instead of the line's end */
    } else {
      if (out->signed_headers.len) err = bytes_append(&out->signed_headers, ";", 1);
      if (!err) err = append_lower(&out->signed_headers, name);
      if (!err) err = append_lower(&out->canonical, name);
      if (!err) err = bytes_append(&out->canonical, ":", 1);
    }
    if (!err) err = append_value(&out->canonical, h->list[i].value);
    if (!err) err = bytes_append(&out->canonical, "\n", 1);
  }
  return err;
}

int sigv4_canonical(const struct sigv4_request *request, enum sigv4_path mode,
                    struct sigv4_headers *headers, struct slice payload_hash,
                    struct sigv4_signed *out) {
  struct bytes *to = &out->canonical;
  bytes_clear(to);
  bytes_clear(&out->signed_headers);
  sort_headers(headers);
  int err = bytes_append(to, request->method.data, request->method.len);
  if (!err) err = bytes_append(to, "\n", 1);
  if (!err) err = sigv4_canonical_path(request->path, mode, to);
  if (!err) err = bytes_append(to, "\n", 1);
  if (!err) err = sigv4_canonical_query(request->query, to);
  if (!err) err = bytes_append(to, "\n", 1);
  if (!err) err = append_headers(headers, out);
  if (!err) err = bytes_append(to, "\n", 1);
  if (!err) err = bytes_append(to, out->signed_headers.data, out->signed_headers.len);
  if (!err) err = bytes_append(to, "\n", 1);
  return err ? err : bytes_append(to, payload_hash.data, payload_hash.len);
}
