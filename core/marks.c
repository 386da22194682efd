/* SPDX-License-Identifier: MIT */
/* Marks: an array behind one lock. It is touched when something has gone wrong,
 * and looked through once a minute. */
#include "marks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *marks[MARKS_MAX];
static size_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool begins(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

static size_t find(const char *name) {
  size_t i = 0;
  while (i < count && strcmp(marks[i], name)) i++;
  return i;
}

bool marks_add(const char *name) {
  pthread_mutex_lock(&lock);
  bool is_new = find(name) == count && count < MARKS_MAX && (marks[count] = strdup(name));
  if (is_new) count++;
  pthread_mutex_unlock(&lock);
  return is_new;
}

bool marks_remove(const char *name) {
  pthread_mutex_lock(&lock);
  size_t i = find(name);
  bool was_there = i < count;
  if (was_there) {
    free(marks[i]);
    memmove(&marks[i], &marks[i + 1], (--count - i) * sizeof *marks);
  }
  pthread_mutex_unlock(&lock);
  return was_there;
}

size_t marks_count(const char *prefix) {
  size_t n = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < count; i++) n += begins(marks[i], prefix);
  pthread_mutex_unlock(&lock);
  return n;
}

char **marks_list(const char *prefix, size_t *n) {
  pthread_mutex_lock(&lock);
  char **list = calloc(count + 1, sizeof *list);
  *n = 0;
  for (size_t i = 0; list && i < count; i++) {
    if (!begins(marks[i], prefix)) continue;
    list[*n] = strdup(marks[i]);
    if (list[*n]) ++*n; /* without memory it comes the next time */
  }
  pthread_mutex_unlock(&lock);
  return list;
}

void marks_free_list(char **list, size_t n) {
  for (size_t i = 0; i < n; i++) free(list[i]);
  free(list);
}
