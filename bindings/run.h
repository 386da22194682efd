/* SPDX-License-Identifier: MIT */
/* Runs one piece of Lua as a task, in a trusted vm and a loop of its own, until it ends:
 * exec, test, commands. */
#ifndef USHER_RUN_H
#define USHER_RUN_H

#include <stdbool.h>

struct run_settings {
  const char *config_path, *config_over, *scripts; /* as in struct vm_settings */
  const char *module; /* a module that returns a function of the arguments; or NULL … */
  const char *file;   /* … and then a file, run as a chunk */
  char **args;        /* NULL-terminated, passed to either as strings; or NULL */
  bool strict;        /* a missing secret is refused */
  bool quiet;         /* the log says errors only */
  /* Gets what is wrong with the settings (freed by the caller) in place of stderr; or NULL. */
  char **problem;
};

/* What the process should exit with: 0, 1 when it raised or returned false,
 * the number it returned. */
int run_script(const struct run_settings *settings);

#endif
