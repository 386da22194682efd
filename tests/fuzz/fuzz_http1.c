/* SPDX-License-Identifier: MIT */
/* Any bytes, cut in any way: no crash, and the same transcript.
 * The first two bytes of an input say where it is cut. */
#include "../wire/transcript.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void compare(const struct bytes *a, const struct bytes *b) {
  if (a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len))) return;
  fprintf(stderr, "cut differently, read differently:\n%s---\n%s", a->data, b->data);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const struct http1_limits limits = {
      .request_line = 96, .headers = 384, .fields = 12, .body = 64};
  if (len < 2) return 0;
  const char *bytes = (const char *)data + 2;
  struct bytes whole = {0}, cut = {0}, single = {0};
  transcript(&limits, bytes, len - 2, len, len, &whole);
  transcript(&limits, bytes, len - 2, 1, 1, &single);
  transcript(&limits, bytes, len - 2, 1 + data[0] % len, 1 + data[1], &cut);
  compare(&whole, &single);
  compare(&whole, &cut);
  bytes_free(&whole);
  bytes_free(&single);
  bytes_free(&cut);
  return 0;
}
