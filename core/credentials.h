/* SPDX-License-Identifier: MIT */
/* The AWS credentials of this process, found by a chain of providers and shared by all workers. A
 * snapshot never changes; who holds one signs with it to the end of his request, while others may
 * already have the next. Any thread. */
#ifndef USHER_CREDENTIALS_H
#define USHER_CREDENTIALS_H

#include "bytes.h"

#include <stdint.h>

struct credentials {
  const char *access_key_id, *secret_access_key;
  const char *session_token; /* NULL for lasting credentials */
  const char *source;        /* "environment", "file /home/me/.aws/credentials, profile default" */
  int64_t expires;           /* seconds since 1970; 0: never */
};

/* 0 and a reference; UV_ENOENT when no provider has any, UV_EINVAL when one has but half of it,
 * UV_ENOMEM. On failure, why says where it looked and what was amiss. What was found is kept until
 * it expires or credentials_reset. */
int credentials_get(const struct credentials **out, struct bytes *why);
void credentials_unref(const struct credentials *c);

/* The next credentials_get asks the providers again. */
void credentials_reset(void);

#endif
