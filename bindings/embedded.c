/* SPDX-License-Identifier: MIT */
/* Looks up what the build put inside the binary. */
#include "embedded.h"

#include <stdlib.h>
#include <string.h>

static int by_path(const void *key, const void *entry) {
  return strcmp(key, ((const struct embedded_file *)entry)->path);
}

const struct embedded_file *embedded_find(const char *path) {
  return bsearch(path, embedded_files, embedded_count, sizeof *embedded_files, by_path);
}
