/* SPDX-License-Identifier: MIT */
/* Any bytes as another server's reply: no crash; what is kept is within its bounds; and it is read
 * the same in one piece as in many. Input: whether the request was HEAD,
 * the size of a piece, the bytes. */
#include "client_reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BODY = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_in_pieces(struct client_reply *r, const uint8_t *data, size_t len, size_t piece,
                           bool head) {
  client_reply_begin(r, head, MAX_BODY);
  for (size_t at = 0; at < len && r->state == REPLY_MORE; at += piece)
    client_reply_feed(r, (const char *)data + at, len - at < piece ? len - at : piece);
  if (r->state == REPLY_MORE) client_reply_end(r);
}

static bool same(const struct bytes *a, const struct bytes *b) {
  return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static void check_headers(const struct client_reply *r) {
  size_t at = 0, total = 0;
  for (struct slice name, value; client_reply_next_header(r, &at, &name, &value);) {
    if (!name.len || memchr(name.data, '\n', name.len) || memchr(value.data, '\r', value.len))
      abort();
    total += name.len + value.len + 4;
  }
  if (total != (r->status ? r->head.len : 0)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 2) return 0;
  bool head = data[0] & 1;
  size_t piece = data[1] ? data[1] : 256;
  struct client_reply whole = {0}, pieces = {0};
  read_in_pieces(&whole, data + 2, len - 2, len, head);
  read_in_pieces(&pieces, data + 2, len - 2, piece, head);
  if (whole.state != pieces.state || whole.status != pieces.status) abort();
  if (whole.status && !same(&whole.head, &pieces.head)) abort();
  if (whole.state == REPLY_DONE && (!whole.status || !same(&whole.body, &pieces.body))) abort();
  if (whole.body.len > MAX_BODY || (head && whole.body.len)) abort();
  check_headers(&whole);
  client_reply_free(&whole);
  client_reply_free(&pieces);
  return 0;
}
