/* SPDX-License-Identifier: MIT */
/* The refresher of credentials in a process: on main's loop, over a client of its own, when
 * serving; on the one loop of a command, over its client. */
#ifndef USHER_CREDENTIALS_HOST_H
#define USHER_CREDENTIALS_HOST_H

#include "server_config.h"

#include <stdbool.h>

struct credentials_host {
  uv_loop_t *loop;
  struct client *own; /* closed with it */
  struct credentials_refresh *refresh;
};

/* client NULL: one of its own, and credentials are fetched at once.
 * Else when something wants them. 0 or UV_E*. */
int credentials_host_open(struct credentials_host *h, uv_loop_t *loop, struct client *client,
                          const struct server_config *config);
void credentials_host_close(struct credentials_host *h); /* also when it was never opened */

/* Runs the loop until there are credentials, or nothing to hope for, or aws.credentials_wait is
 * over, or *stop. Says so when that takes long. */
void credentials_host_wait(struct credentials_host *h, const struct server_config *config,
                           const bool *stop);

#endif
