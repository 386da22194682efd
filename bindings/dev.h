/* SPDX-License-Identifier: MIT */
/* `usher dev`: the server on the embedded sandbox, with no settings and no cloud. */
#ifndef USHER_DEV_H
#define USHER_DEV_H

#include <stdbool.h>

struct dev_options {
  const char *config_path, *scripts; /* as in struct vm_settings */
  const char *data;                  /* a folder that keeps the sandbox's state; NULL: memory */
  int port;         /* of the public listener; the others follow it; 0 picks free ones */
  unsigned workers; /* 0: the setting */
  bool json;        /* one line for programs instead of a page for people */
};

/* What the process should exit with. */
int dev(const struct dev_options *options);

#endif
