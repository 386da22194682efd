/* SPDX-License-Identifier: MIT */
/* Measured first, then written: what grows would leave copies of its secrets behind. */
#include "client_request.h"

#include "encoding.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Without an end it only counts. */
struct pen {
  char *at;
  size_t len;
};

static void put(struct pen *pen, const char *data, size_t len) {
  if (pen->at && len) memcpy(pen->at + pen->len, data, len);
  pen->len += len;
}

static void put_text(struct pen *pen, const char *text) {
  put(pen, text, strlen(text));
}

static void put_line(struct pen *pen, const char *line) {
  size_t len = strlen(line);
  while (len && (line[len - 1] == ' ' || line[len - 1] == '\t')) len--;
  put(pen, line, len);
  put_text(pen, "\r\n");
}

/* The caller's own Host wins. */
static bool names_host(const struct client_request *r) {
  for (size_t i = 0; i < r->header_count; i++)
    if (strncasecmp(r->headers[i], "host:", 5) == 0) return true;
  return false;
}

static bool has_body(const struct client_request *r) {
  return r->body_len || !strcmp(r->method, "POST") || !strcmp(r->method, "PUT") ||
         !strcmp(r->method, "PATCH");
}

static void put_request(struct pen *pen, const struct client_request *r,
                        const struct client_url *url) {
  put_text(pen, r->method);
  put_text(pen, url->target.len && url->target.data[0] == '/' ? " " : " /");
  put(pen, url->target.data, url->target.len);
  put_text(pen, " HTTP/1.1\r\n");
  if (!names_host(r)) {
    put_text(pen, "Host: ");
    put_line(pen, url->authority);
  }
  for (size_t i = 0; i < r->header_count; i++) put_line(pen, r->headers[i]);
  if (has_body(r)) {
    char length[DECIMAL_ROOM];
    put_text(pen, "Content-Length: ");
    put(pen, length, decimal_encode(r->body_len, length));
    put_text(pen, "\r\n");
  }
  put_text(pen, "\r\n");
  put(pen, r->body, r->body_len);
}

/* RFC 9110 §9.2.2 */
static bool is_idempotent(const char *method) {
  static const char *const names[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(method, names[i])) return true;
  return false;
}

struct client_bytes *client_bytes_new(const struct client_request *r,
                                      const struct client_url *url) {
  struct pen pen = {0};
  put_request(&pen, r, url);
  struct client_bytes *b = malloc(sizeof *b + pen.len);
  if (!b) return NULL;
  *b = (struct client_bytes){.len = pen.len};
  b->repeatable = r->repeatable || is_idempotent(r->method);
  b->is_head = !strcmp(r->method, "HEAD");
  pen = (struct pen){.at = b->data};
  put_request(&pen, r, url);
  return b;
}

void client_bytes_free(struct client_bytes *b) {
  if (!b) return;
  OPENSSL_cleanse(b->data, b->len);
  free(b);
}
