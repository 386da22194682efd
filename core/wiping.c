/* SPDX-License-Identifier: MIT */
/* Memory that knows its size, so that it can be wiped when it is freed. */
#include "wiping.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
  size_t size;
  max_align_t data[];
};

static struct block *block_of(void *p) {
  return (struct block *)((char *)p - offsetof(struct block, data));
}

void *wiping_malloc(size_t size) {
  if (size > SIZE_MAX - sizeof(struct block)) return NULL;
  struct block *b = malloc(sizeof *b + size);
  if (!b) return NULL;
  b->size = size;
  return b->data;
}

void *wiping_calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  void *p = wiping_malloc(total);
  if (p) memset(p, 0, total);
  return p;
}

/* Always moves: a block grown in place would be fine, but one that realloc moves leaves its bytes
   behind. */
void *wiping_realloc(void *p, size_t size) {
  void *moved = wiping_malloc(size);
  if (!moved || !p) return moved;
  size_t old = block_of(p)->size;
  memcpy(moved, p, old < size ? old : size);
  wiping_free(p);
  return moved;
}

char *wiping_strdup(const char *s) {
  size_t size = strlen(s) + 1;
  char *copy = wiping_malloc(size);
  return copy ? memcpy(copy, s, size) : NULL;
}

void wiping_free(void *p) {
  if (!p) return;
  struct block *b = block_of(p);
  explicit_bzero(b->data, b->size);
  free(b);
}
