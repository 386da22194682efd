/* SPDX-License-Identifier: MIT */
/* Lua text that is laid over the settings: what the command line says. */
#ifndef USHER_OVERLAY_H
#define USHER_OVERLAY_H

#include "bytes.h"

/* Appends text as a Lua string literal, whatever is in it. 0 or UV_ENOMEM. */
int overlay_quote(struct bytes *out, const char *text);

#endif
