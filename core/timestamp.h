/* SPDX-License-Identifier: MIT */
/* Points in time as the wire writes them, without locale, time zone or allocation. */
#ifndef USHER_TIMESTAMP_H
#define USHER_TIMESTAMP_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define TIMESTAMP_BASIC 16 /* "20150830T123600Z" */

/* Seconds since 1970 in UTC, NUL-terminated; years 1970 to 9999, others are held to these ends. */
void timestamp_basic(int64_t seconds, char out[TIMESTAMP_BASIC + 1]);

/* The basic form only. */
bool timestamp_parse_basic(struct slice text, int64_t *seconds);
/* "2015-08-30T12:36:00Z", also with a fraction (dropped) or +00:00. */
bool timestamp_parse_extended(struct slice text, int64_t *seconds);
/* "Sun, 30 Aug 2015 12:36:00 GMT": RFC 9110's preferred form only. */
bool timestamp_parse_http(struct slice text, int64_t *seconds);

#endif
