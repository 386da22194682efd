/* SPDX-License-Identifier: MIT */
/* A small set of names that the whole process shares: what has been seen and is not settled
 * yet. Any thread. */
#ifndef USHER_MARKS_H
#define USHER_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#define MARKS_MAX 1000 /* beyond these, new ones are not taken */

bool marks_add(const char *name);    /* false: it is there, there are too many, or memory is out */
bool marks_remove(const char *name); /* false: it is not there */
size_t marks_count(const char *prefix);

/* Copies of all names that begin so, in the order added; marks_free_list frees them.
 * NULL: memory is out. */
char **marks_list(const char *prefix, size_t *n);
void marks_free_list(char **list, size_t n);

#endif
