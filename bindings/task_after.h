/* SPDX-License-Identifier: MIT */
/* Timers of scripts: they belong to a generation, and stop with it. */
#ifndef USHER_TASK_AFTER_H
#define USHER_TASK_AFTER_H

#include "vm_state.h"

struct budget;

/* Lua's task.after, for the table in task's module. */
int task_after(lua_State *L);
void task_after_prepare(lua_State *L); /* once for each state */

/* The timers of a budget that ends with its tasks. */
void task_after_drop(struct vm *vm, const struct budget *b);

/* What waits is forgotten, and nothing waits any more: the generation is being replaced,
 * or the process ends. */
void task_after_stop(struct vm *vm);

#endif
