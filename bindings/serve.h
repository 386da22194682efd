/* SPDX-License-Identifier: MIT */
/* The server process: settings, listeners, workers, signals. `usher serve`,
 * and `usher dev` on top of it. */
#ifndef USHER_SERVE_H
#define USHER_SERVE_H

#include <stdbool.h>

struct serve_ready { /* what serves now */
  const char *host, *admin_host;
  int port, admin_port;
  unsigned workers;
};

struct serve_options {
  const char *config_under, *config_path, *config_over, *scripts; /* as in struct vm_settings */
  const int *listen_fd; /* bound to the public address already, owned from now; NULL: serve binds */
  void (*on_ready)(const struct serve_ready *, void *ctx);
  void (*on_reload)(bool ok, const char *message, void *ctx); /* may be NULL */
  void *ctx;
};

/* Serves until SIGTERM or SIGINT has drained it. What the process should exit with. */
int serve(const struct serve_options *options);

#endif
