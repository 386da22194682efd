/* SPDX-License-Identifier: MIT */
/* What a method, a header's name and its value may look like (RFC 9110). */
#ifndef USHER_HTTP_WORDS_H
#define USHER_HTTP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

bool http_is_token(const char *s, size_t len);
bool http_is_value(const char *s, size_t len);
/* The client frames the message; a second opinion on that is how requests get smuggled. */
bool http_is_framing(const char *name);

#endif
