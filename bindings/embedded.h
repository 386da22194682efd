/* SPDX-License-Identifier: MIT */
/* The files that were compiled into the binary: bindings' Lua, scripts, config.
 * The build writes the table. */
#ifndef USHER_EMBEDDED_H
#define USHER_EMBEDDED_H

#include "chunk.h"

#include <stddef.h>

struct embedded_file {
  const char *path; /* as in the source tree: "scripts/lib/form.lua" */
  const char *data, *end;
  struct chunk *chunk; /* for what is Lua */
};

extern const struct embedded_file embedded_files[]; /* sorted by path */
extern const size_t embedded_count;

/* NULL when there is no such file. */
const struct embedded_file *embedded_find(const char *path);

#endif
