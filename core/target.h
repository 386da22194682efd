/* SPDX-License-Identifier: MIT */
/* The grammar of a request's target and of Host (RFC 3986, RFC 9112 §3.2). Pure; only the gate
 * asks. */
#ifndef USHER_TARGET_H
#define USHER_TARGET_H

#include "bytes.h"

#include <stdbool.h>

struct target {
  struct slice scheme, authority; /* of the absolute form, else empty */
  struct slice path, query;       /* "*" is the asterisk form */
};

bool target_parse(struct slice text, struct target *out);
bool target_authority_valid(struct slice host); /* host[:port], nothing else */
bool target_authority_equal(struct slice a, struct slice b,
                            struct slice scheme); /* any case, default port or none */

#endif
