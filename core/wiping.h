/* SPDX-License-Identifier: MIT */
/* An allocator that wipes what it frees. libcurl gets it, because its buffers hold our callers'
   keys and passwords. */
#ifndef USHER_WIPING_H
#define USHER_WIPING_H

#include <stddef.h>

void *wiping_malloc(size_t size);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t size);
char *wiping_strdup(const char *s);
void wiping_free(void *p);

#endif
