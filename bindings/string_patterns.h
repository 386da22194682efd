/* SPDX-License-Identifier: MIT */
/* The functions of `string` that take patterns. */
#ifndef USHER_STRING_PATTERNS_H
#define USHER_STRING_PATTERNS_H

#include <lauxlib.h>

extern const luaL_Reg string_patterns[];

#endif
