/* SPDX-License-Identifier: MIT */
/* What the process is doing: how long it has served, whether it is on its way out. Any thread. */
#ifndef USHER_LIFECYCLE_H
#define USHER_LIFECYCLE_H

#include <lua.h>

void lifecycle_set_draining(void);
int luaopen_lifecycle(lua_State *L);

#endif
