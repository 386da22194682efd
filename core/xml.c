/* SPDX-License-Identifier: MIT */
/* One pass over the document: the path of open elements is kept as text, so that a closing tag is
 * compared with its end. */
#include "xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

struct reader {
  const char *at, *end;
  char path[XML_PATH + 1];
  size_t path_len, starts[XML_DEPTH]; /* where each name begins in path */
  unsigned depth;
  bool leaf; /* nothing was closed since the last element was opened */
  struct bytes text;
  xml_leaf on_leaf;
  void *ctx;
};

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':';
}

static void skip_space(struct reader *r) {
  while (r->at < r->end && is_space(*r->at)) r->at++;
}

static bool take(struct reader *r, const char *word) {
  size_t len = strlen(word);
  if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) return false;
  r->at += len;
  return true;
}

static struct slice take_name(struct reader *r) {
  struct slice name = {r->at, 0};
  while (r->at < r->end && is_name(*r->at)) r->at++;
  name.len = (size_t)(r->at - name.data);
  return name;
}

/* --- text ------------------------------------------------------------------------------------- */

static int append_utf8(struct bytes *out, uint32_t c) {
  unsigned char b[4];
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = n; i-- > 1; c >>= 6) b[i] = (unsigned char)(0x80 | (c & 0x3f));
  b[0] = (unsigned char)(lead[n] | c);
  return bytes_append(out, b, n);
}

/* "&#10;" or "&#x2F;", behind the '#'. */
static int number(struct reader *r) {
  uint32_t base = take(r, "x") ? 16 : 10, c = 0;
  const char *start = r->at;
  for (; r->at < r->end && *r->at != ';'; r->at++) {
    static const char digits[] = "0123456789abcdef";
    char lower = *r->at >= 'A' && *r->at <= 'F' ? (char)(*r->at | 0x20) : *r->at;
    const char *digit = memchr(digits, lower, base);
    if (!digit || r->at - start > 6) return UV_EINVAL;
    c = c * base + (uint32_t)(digit - digits);
  }
  bool allowed = c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) ||
                 (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c < 0x110000);
  if (r->at == start || !allowed || !take(r, ";")) return UV_EINVAL;
  return append_utf8(&r->text, c);
}

static int entity(struct reader *r) {
  static const struct {
    const char *name, *text;
  } known[] = {{"lt;", "<"}, {"gt;", ">"}, {"amp;", "&"}, {"quot;", "\""}, {"apos;", "'"}};
  if (take(r, "#")) return number(r);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (take(r, known[i].name)) return bytes_append(&r->text, known[i].text, 1);
  return UV_EINVAL;
}

static int text(struct reader *r) {
  const char *start = r->at;
  while (r->at < r->end && *r->at != '<' && *r->at != '&') {
    unsigned char c = (unsigned char)*r->at++;
    if (c < 0x20 && !is_space((char)c)) return UV_EINVAL;
    if (!r->depth && !is_space((char)c)) return UV_EINVAL; /* outside the root */
  }
  if (r->at > start) return r->depth ? bytes_append(&r->text, start, (size_t)(r->at - start)) : 0;
  r->at++;
  return r->depth ? entity(r) : UV_EINVAL;
}

/* --- elements --------------------------------------------------------------------------------- */

static int opened(struct reader *r, struct slice name) {
  size_t slash = r->depth ? 1 : 0;
  if (r->depth == XML_DEPTH || r->path_len + slash + name.len > XML_PATH) return UV_EINVAL;
  if (slash) r->path[r->path_len++] = '/';
  r->starts[r->depth++] = r->path_len;
  memcpy(r->path + r->path_len, name.data, name.len);
  r->path_len += name.len;
  r->path[r->path_len] = '\0';
  r->leaf = true;
  bytes_clear(&r->text);
  return 0;
}

static int closed(struct reader *r) {
  int err = 0;
  if (r->leaf)
    err =
        r->on_leaf(r->ctx, r->path, (struct slice){r->text.data ? r->text.data : "", r->text.len});
  size_t start = r->starts[--r->depth];
  r->path_len = start ? start - 1 : 0;
  r->path[r->path_len] = '\0';
  r->leaf = false;
  bytes_clear(&r->text);
  return err;
}

static int closing_tag(struct reader *r) {
  struct slice name = take_name(r);
  skip_space(r);
  if (!r->depth || !take(r, ">")) return UV_EINVAL;
  size_t start = r->starts[r->depth - 1];
  if (name.len != r->path_len - start || memcmp(r->path + start, name.data, name.len) != 0)
    return UV_EINVAL;
  return closed(r);
}

/* name="value", passed over. */
static int attribute(struct reader *r) {
  if (!take_name(r).len) return UV_EINVAL;
  skip_space(r);
  if (!take(r, "=")) return UV_EINVAL;
  skip_space(r);
  char quote = r->at < r->end ? *r->at++ : 0;
  if (quote != '"' && quote != '\'') return UV_EINVAL;
  while (r->at < r->end && *r->at != quote && *r->at != '<') r->at++;
  return r->at < r->end && *r->at++ == quote ? 0 : UV_EINVAL;
}

static int opening_tag(struct reader *r) {
  struct slice name = take_name(r);
  int err = name.len ? opened(r, name) : UV_EINVAL;
  while (!err) {
    const char *before = r->at;
    skip_space(r);
    if (take(r, "/>")) return closed(r);
    if (take(r, ">")) return 0;
    err = r->at > before ? attribute(r) : UV_EINVAL;
  }
  return err;
}

static int prolog(struct reader *r) {
  take(r, "\xef\xbb\xbf");
  if (!take(r, "<?xml ")) return 0;
  while (r->at < r->end && *r->at != '>' && *r->at != '<') r->at++;
  return take(r, ">") && r->at[-2] == '?' ? 0 : UV_EINVAL;
}

int xml_read(struct slice document, xml_leaf on_leaf, void *ctx) {
  struct reader r = {.on_leaf = on_leaf, .ctx = ctx};
  bool rooted = false;
  r.at = document.data;
  r.end = document.data + document.len;
  int err = bytes_reserve(&r.text, document.len + 1); /* never grows: no copies stay behind */
  if (!err) err = prolog(&r);
  while (!err && r.at < r.end) {
    if (take(&r, "</")) {
      err = closing_tag(&r);
    } else if (*r.at == '<') {
      err = rooted && !r.depth ? UV_EINVAL : 0;
      r.at++;
      if (!err) err = opening_tag(&r);
      rooted = true;
    } else {
      err = text(&r);
    }
  }
  if (!err && (!rooted || r.depth)) err = UV_EINVAL;
  bytes_wipe(&r.text);
  return err;
}
