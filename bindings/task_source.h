/* SPDX-License-Identifier: MIT */
/* Whom a task works for: what a request brought must not be in what its tasks are found to
 * have failed with. */
#ifndef USHER_TASK_SOURCE_H
#define USHER_TASK_SOURCE_H

#include "task.h"

/* stack: …, request, what was kept of one, or nil -> …; t, not a child,
 * works for it. Never raises. */
void task_source_set(lua_State *L, struct task *t);

/* stack: … -> …, whom L's task works for, as it can be kept when the request has been
 * answered; or nil */
void task_source_push_kept(lua_State *L);

/* Takes what T's request brought out of the text, which it frees. Never raises;
 * NULL without memory. */
char *task_source_scrub(lua_State *T, char *text);

#endif
