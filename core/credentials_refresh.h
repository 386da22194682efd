/* SPDX-License-Identifier: MIT */
/* Fetches credentials in the background and renews them before they expire, one asking at a time,
 * on one loop of the process: that of main, which `usher serve` leaves nearly idle, so that no
 * worker ever waits for it. Commands have one loop for everything,
 * and ask when something is wanted. */
#ifndef USHER_CREDENTIALS_REFRESH_H
#define USHER_CREDENTIALS_REFRESH_H

#include "client.h"

struct credentials_refresh;

/* Strings are copied; the client is the caller's, and outlives this. */
struct credentials_refresh_settings {
  uv_loop_t *loop;
  struct client *client;
  const char *region, *sts_url; /* the settings'; NULL or "" without */
  bool on_demand;               /* ask when credentials are wanted, not before */
  int64_t (*now)(void);         /* seconds since 1970; NULL: the clock */
  double (*random)(void);       /* [0, 1); NULL: a generator */
  unsigned second_ms;           /* 0: 1000. Less makes pauses shorter, for tests */
};

/* One for a process. 0 or UV_E*. Memory goes when the loop has run once more after the close. */
int credentials_refresh_open(const struct credentials_refresh_settings *settings,
                             struct credentials_refresh **out);
void credentials_refresh_close(struct credentials_refresh *r); /* NULL is fine */

/* Is there anything left to wait for at the start? Not when credentials were found, when nothing is
 * set up, or when what is set up is wrong. */
bool credentials_refresh_settled(const struct credentials_refresh *r);
/* What is asked, or was asked last, for people. */
const char *credentials_refresh_source(const struct credentials_refresh *r);

/* When to ask next, in seconds from now; -1: never. Pure. */
struct credentials_moment {
  int64_t now, obtained, expires; /* expires 0: never */
  bool have;                      /* there are credentials, however old */
  unsigned failures;              /* in a row; 0: the last asking brought what we have */
};
double credentials_refresh_after(const struct credentials_moment *m, double random);

#endif
