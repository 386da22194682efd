/* SPDX-License-Identifier: MIT */
/* The AWS credentials of this process, shared by all workers. A snapshot never changes; who holds
 * one signs with it to the end of his request, while others may already have the next. Where they
 * come from is credentials_plan.h; credentials_refresh.h fetches what needs the network, and renews
 * it. Any thread. */
#ifndef USHER_CREDENTIALS_H
#define USHER_CREDENTIALS_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct credentials {
  const char *access_key_id, *secret_access_key;
  const char *session_token; /* NULL for lasting credentials */
  const char *source;        /* "environment", "file /home/me/.aws/credentials, profile default" */
  int64_t expires;           /* seconds since 1970; 0: never */
};

/* 0 and a reference; UV_EAGAIN: they are being fetched (credentials_await); UV_ENOENT when no place
 * has any, UV_EINVAL when one is set up wrongly, UV_EIO when the place that is set up failed,
 * UV_ENOMEM. On failure, why says where it looked and what was amiss. Once found they are handed
 * out until others are there, even when they have expired: the service that is asked
 * has the last word. */
int credentials_get(const struct credentials **out, struct bytes *why);
void credentials_unref(const struct credentials *c);

/* Forgets them: the next credentials_get looks again. For tests. */
void credentials_reset(void);

/* A service has refused this key as expired or unknown. True: others are there already, or are
 * being fetched (credentials_await); false: nothing can be done. */
bool credentials_doubt(const char *access_key_id);

/* The region that the instance or the task is in, as its metadata says; appends. UV_ENOENT while
 * nobody knows. */
int credentials_region(struct bytes *out);

/* Waits for the end of the asking that is under way, or about to be: wake comes once, on any
 * thread, and must not call back into here. Zero-initialise it;
 * credentials_forget before it goes. */
struct credentials_waiter {
  void (*wake)(struct credentials_waiter *w);
  struct credentials_waiter *next, **at;
};
void credentials_await(struct credentials_waiter *w);
void credentials_forget(struct credentials_waiter *w);

/* --- for credentials_refresh.c ---------------------------------------------------------------- */

/* Makes these current, copying them. 0 or UV_ENOMEM. */
int credentials_publish(const struct credentials *from, const char *region);
/* There are none, or no new ones: err and why are what credentials_get says
 * while there are none. */
void credentials_failed(int err, const char *why);
/* Nobody has to wait any longer, whatever there is. */
void credentials_wake_all(void);
/* Who is asked when credentials are wanted: any thread, must not block or call back into here.
 * doubted: the current ones do not work. NULL takes him away. */
void credentials_set_fetcher(void (*want)(bool doubted, void *ctx), void *ctx);

#endif
