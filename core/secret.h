/* SPDX-License-Identifier: MIT */
/* A secret: bytes with a name that may be shown. Counted, because every Lua generation holds
 * handles to the same ones. */
#ifndef USHER_SECRET_H
#define USHER_SECRET_H

#include <stddef.h>

struct secret;

/* Copies both; NULL when memory is out. The bytes are wiped when the last reference goes. Any
 * thread. */
struct secret *secret_new(const char *name, const char *data, size_t len);
struct secret *secret_ref(struct secret *s);
void secret_unref(struct secret *s);

const char *secret_name(const struct secret *s);
const char *secret_data(const struct secret *s); /* NUL-terminated, may hold NULs itself */
size_t secret_len(const struct secret *s);

#endif
