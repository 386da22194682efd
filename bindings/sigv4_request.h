/* SPDX-License-Identifier: MIT */
/* Reads the tables that sigv4's functions take. What is read stays on the Lua stack:
 * that keeps the slices alive. */
#ifndef USHER_SIGV4_REQUEST_H
#define USHER_SIGV4_REQUEST_H

#include "sigv4.h"

#include <lua.h>

struct sigv4_call {
  struct sigv4_request request;
  struct sigv4_header headers[SIGV4_MAX_HEADERS];
  struct slice scheme, authority; /* of the url */
};

/* The field of the table at 1: a string or, where it may be one, a secret. Absent: no data, or
 * raises when it is required. */
struct slice sigv4_field(lua_State *L, const char *name, bool required);
struct slice sigv4_secret_field(lua_State *L, int table, const char *name, bool required);
bool sigv4_flag(lua_State *L, const char *name, bool otherwise);
lua_Integer sigv4_number(lua_State *L, const char *name, lua_Integer otherwise);

/* method, url, headers, body; host comes from the url where the headers have none.
 * Raises what is wrong with them. */
void sigv4_read_outgoing(lua_State *L, struct sigv4_call *call);
/* method, target, headers, body, as they arrived. */
void sigv4_read_incoming(lua_State *L, struct sigv4_call *call);

#endif
