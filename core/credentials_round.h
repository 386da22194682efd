/* SPDX-License-Identifier: MIT */
/* One asking for credentials: the plan is read anew, its place asked, then the roles assumed, then,
 * where nothing else names it, the region looked up. credentials_refresh.c begins one at a time. */
#ifndef USHER_CREDENTIALS_ROUND_H
#define USHER_CREDENTIALS_ROUND_H

#include "credentials_step.h"

struct credentials_round_settings {
  uv_loop_t *loop;
  struct client *client;
  const char *region, *sts_url; /* the settings'; NULL or "" without */
  unsigned pace_ms;
  int64_t (*now)(void);
};

struct credentials_result {
  int err;            /* 0; UV_ENOENT: there is nothing to ask; else what is set up failed */
  struct found found; /* wiped after on_done */
  const char *source; /* "" while unknown */
  const char *region; /* from the metadata, or NULL */
  const char *why;    /* for people, when err */
  bool fixed;         /* from the environment or a file: no service was asked */
};

struct credentials_round;

/* on_done comes once, perhaps before this returns, and the round is gone after it; settings must
 * live as long. 0 or UV_ENOMEM (and then no on_done). */
int credentials_round_start(const struct credentials_round_settings *settings,
                            void (*on_done)(const struct credentials_result *, void *ctx),
                            void *ctx, struct credentials_round **out);
void credentials_round_cancel(struct credentials_round *r); /* on_done does not come */

/* What is being asked now, for people: "instance metadata, http://…". */
const char *credentials_round_source(const struct credentials_round *r);

#endif
