/* SPDX-License-Identifier: MIT */
/* `usher check`: proves settings and scripts as serve would, and prints
 * everything that is wrong. */
#ifndef USHER_CHECK_H
#define USHER_CHECK_H

#include <stdbool.h>

struct check_options {
  const char *config_path, *scripts; /* as in struct vm_settings */
  const char *config_over;           /* the same */
  bool json;                         /* one object on standard output */
};

/* The exit code: 0, or 1 with every fault printed. */
int check(const struct check_options *options);

#endif
