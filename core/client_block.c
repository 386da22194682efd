/* SPDX-License-Identifier: MIT */
/* Copies a request once: no allocation per header, one place to wipe. */
#include "client_block.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* A name without a value takes away what curl would add. The caller's own headers come first and
   win. */
static struct curl_slist nothing_added[] = {
    {(char[]){"Expect:"}, &nothing_added[1]},
    {(char[]){"Accept:"}, &nothing_added[2]},
    {(char[]){"Content-Type:"}, NULL},
};

static char *put(char **at, const char *data, size_t len) {
  char *copy = *at;
  if (len) memcpy(copy, data, len);
  copy[len] = '\0';
  *at += len + 1;
  return copy;
}

/* curl writes a header that has no value as "Name;". */
static char *put_header(char **at, const char *line) {
  char *copy = put(at, line, strlen(line));
  char *colon = strchr(copy, ':');
  if (colon && colon[1 + strspn(colon + 1, " \t")] == '\0') memcpy(colon, ";", 2);
  return copy;
}

static bool is_idempotent(const char *method) {
  static const char *const names[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(method, names[i])) return true;
  return false;
}

struct client_block *client_block_new(const struct client_request *r) {
  size_t count = r->header_count;
  size_t len = count * sizeof(struct curl_slist) + r->body_len + 1;
  len += strlen(r->url) + 1 + strlen(r->method) + 1;
  for (size_t i = 0; i < count; i++) len += strlen(r->headers[i]) + 1;
  struct client_block *b = malloc(sizeof *b + len);
  if (!b) return NULL;
  b->len = len;
  char *at = (char *)&b->nodes[count];
  for (size_t i = 0; i < count; i++) {
    b->nodes[i].data = put_header(&at, r->headers[i]);
    b->nodes[i].next = i + 1 < count ? &b->nodes[i + 1] : nothing_added;
  }
  b->headers = count ? b->nodes : nothing_added;
  b->url = put(&at, r->url, strlen(r->url));
  b->method = put(&at, r->method, strlen(r->method));
  b->body = put(&at, r->body, r->body_len);
  b->body_len = r->body_len;
  b->repeatable = r->repeatable || is_idempotent(r->method);
  return b;
}

void client_block_free(struct client_block *b) {
  if (!b) return;
  OPENSSL_cleanse(b->nodes, b->len);
  free(b);
}
