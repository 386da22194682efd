/* SPDX-License-Identifier: MIT */
/* A task: one coroutine that may wait for I/O. Callbacks queue it, and one place resumes it:
 * task_run in task.c. */
#ifndef USHER_TASK_H
#define USHER_TASK_H

#include "guard.h"
#include "vm_state.h"

#include <stdint.h>

#define TASK_NO_DEADLINE UINT64_MAX
/* A status: it was over a limit, which was logged; its stack is not to be touched. */
#define TASK_STOPPED (-1)

/* T's stack holds the results (status LUA_OK) or the error object. Must not raise. */
typedef void (*task_on_end)(lua_State *T, int status, void *ctx);

/* Takes a function and its nargs arguments from the top of L, queues a new task for them.
 * Raises when memory is out. */
struct task *task_start(lua_State *L, int nargs, task_on_end on_end, void *ctx);
/* The same in a budget; NULL: as task_start. */
struct task *task_start_in(lua_State *L, int nargs, task_on_end on_end, void *ctx,
                           struct budget *b);

/* The task T belongs to. Raises where I/O is impossible: outside a task,
 * or in a script's own coroutine. */
struct task *task_current(lua_State *T);
/* The same, NULL instead of raising outside a task; the task of a script's own coroutine
 * while that runs. */
struct task *task_running(lua_State *T);
/* The coroutine that it is. */
lua_State *task_thread(const struct task *t);

/* A task_on_end that logs task_failed, with what the request brought taken out of it. */
void task_log_failure(lua_State *T, int status, void *ctx);

/* Yields until task_wake; then k runs, inside lua_resume, with what T's stack held.
 * Use as `return task_await(…)`. */
int task_await(lua_State *T, lua_KFunction k, lua_KContext ctx);

/* Before task_await: how to end what it waits for, should the task be stopped meanwhile.
 * op must stay until it is woken. */
void task_cancel_by(struct task *t, void (*cancel)(void *op), void *op);

/* Makes the task ready, from any callback on the loop's thread. Touches no Lua.
 * Once for each await. */
void task_wake(struct task *t);

/* Milliseconds on the clock of uv_now; children inherit it. */
uint64_t task_deadline(const struct task *t);

/* Ends all tasks of a budget, from any callback on the loop's thread: see task_end.c. */
void task_end_budget(struct budget *b, enum limit limit);

/* Makes a task that has just been started the first of all jobs: it has no budget and no deadline,
 * but what it starts with task_start has one of its own. */
void task_set_background(struct task *t);

/* The request's id for the log, "" without one. Copied, and cut. */
enum { REQUEST_ID_MAX = 128 }; /* bytes, without the NUL */
const char *task_request_id(const struct task *t);
void task_set_request_id(struct task *t, const char *id, size_t len);

/* What a failed task's on_end finds on T, as text with its traceback; freed by the caller, NULL
 * without memory. Never raises. */
char *task_error_text(lua_State *T, int status);

/* Once for each state, protected: what task.c must have at hand when memory is out. */
void task_prepare(lua_State *L);

/* Hooks the run queue into the vm's loop, and out of it. Closing its handles is the vm's. */
void task_queue_open(struct vm *vm);
void task_queue_close(struct vm *vm);

#endif
