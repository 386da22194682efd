/* SPDX-License-Identifier: MIT */
/* What files with secrets held when they were read. A file whose digest could not be kept counts as
 * unchanged. */
#include "secret_files.h"

#include "digest.h"
#include "file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char *path;
  unsigned char seen[DIGEST_SIZE], serving[DIGEST_SIZE];
  bool was_read; /* since secret_files_begin */
  bool serves;   /* the version that serves has read it */
  struct entry *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;

static struct entry *find_or_add(const char *path) {
  struct entry *e = entries;
  while (e && strcmp(e->path, path) != 0) e = e->next;
  if (e || !(e = calloc(1, sizeof *e))) return e;
  if (!(e->path = strdup(path))) {
    free(e);
    return NULL;
  }
  e->next = entries;
  return entries = e;
}

void secret_files_begin(void) {
  pthread_mutex_lock(&lock);
  for (struct entry *e = entries; e; e = e->next) e->was_read = false;
  pthread_mutex_unlock(&lock);
}

void secret_files_note(const char *path, const char *data, size_t len) {
  pthread_mutex_lock(&lock);
  struct entry *e = find_or_add(path);
  if (e) e->was_read = digest_sha256(data, len, e->seen) == 0;
  pthread_mutex_unlock(&lock);
}

void secret_files_adopt(void) {
  pthread_mutex_lock(&lock);
  for (struct entry **at = &entries, *e; (e = *at);) {
    if (e->was_read) {
      memcpy(e->serving, e->seen, sizeof e->serving);
      e->serves = true;
      at = &e->next;
    } else {
      *at = e->next;
      free(e->path);
      free(e);
    }
  }
  pthread_mutex_unlock(&lock);
}

/* One that cannot be read has changed: what it lacks is told when the version is loaded. */
static bool has_changed(const struct entry *e) {
  unsigned char digest[DIGEST_SIZE];
  struct bytes text = {0};
  bool same = file_read(e->path, SECRET_FILE_MAX, &text) == 0 &&
              digest_sha256(text.data, text.len, digest) == 0 &&
              memcmp(digest, e->serving, sizeof digest) == 0;
  bytes_wipe(&text);
  return !same;
}

bool secret_files_changed(void) {
  bool changed = false;
  pthread_mutex_lock(&lock);
  for (struct entry *e = entries; e && !changed; e = e->next) changed = e->serves && has_changed(e);
  pthread_mutex_unlock(&lock);
  return changed;
}
