/* SPDX-License-Identifier: MIT */
/* The guard: what the scripts of one vm may take. While they keep within them this costs a few
 * stores a slice; the watchdog's tick arms Lua's hook only when something is over. A trusted vm has
 * none. Everything is on the vm's thread. */
#ifndef USHER_GUARD_H
#define USHER_GUARD_H

#include "vm_state.h"

#include <stdint.h>

struct budget;
struct guard;

enum limit { LIMIT_NONE, LIMIT_SLICE, LIMIT_CPU, LIMIT_LOAD, LIMIT_WALL_TIME };

/* config.scripts. Nanoseconds of CPU time, where it does not say otherwise. */
struct guard_settings {
  uint64_t slice, cpu, held, load;
  uint64_t wall_ms; /* of real time */
  uint64_t pattern_steps;
  size_t memory, request_memory, string_size; /* bytes */
  unsigned tasks, coroutine_depth;
};

/* A coroutine that runs, and the one that resumed it. On the C stack of whoever resumes. */
struct guard_frame {
  lua_State *L;
  struct guard_frame *outer;
};

/* --- of a vm -------------------------------------------------------------------------------- */

/* 0 or UV_E*. on: false for a trusted vm. guard_alloc is its state's allocator,
 * with the guard as ud. */
int guard_new(bool on, struct guard **out);
void guard_free(struct guard *g); /* when the state is closed; on the same thread */
void *guard_alloc(void *ud, void *block, size_t old, size_t new);

/* Protected, before scripts see Lua's libraries: functions that keep to the limits take
 * the place of Lua's. */
void guard_install(lua_State *L);
/* Protected, when `require "config"` is there: its section scripts holds from here on. */
void guard_configure(lua_State *L);

const struct guard_settings *guard_of(lua_State *L); /* NULL: it has none */

/* The process is about to end: whatever is proven on any thread is stopped at its next tick.
 * From a signal handler, too. */
void guard_end_proofs(void);

/* --- a slice: what runs between two waits ---------------------------------------------------- */

/* frame: the caller's, until guard_leave. budget: what it is charged to, or NULL. */
void guard_enter(struct guard *g, struct guard_frame *frame, lua_State *T, struct budget *budget);
/* What the slice was stopped for, while it was over. Then nothing of it may be
 * resumed or closed. */
enum limit guard_leave(struct guard *g);

/* lua_pcall(L, nargs, nresults, 0) as a slice of its own, for loading and whatever else is outside
 * a task. What was stopped has failed, and says why. L is the vm's main state. */
int guard_pcall(lua_State *L, int nargs, int nresults);

/* The error on top of L, for a person: where memory ran out or a limit stopped it, that is said,
 * with file and line. */
const char *guard_error_text(lua_State *L);

/* lua_resetthread(T), whose __close are a script's: inside a slice of L, or as one of its own. */
int guard_reset(lua_State *L, lua_State *T); /* its status */
void guard_reset_alone(lua_State *T, struct budget *budget, const char *request_id);

/* --- inside a slice, from C ------------------------------------------------------------------ */

/* In every loop of C whose length a script decides: does not return when the slice is to stop. */
void guard_check(lua_State *L);
/* Raises where something outside of Lua's memory, len bytes, would be longer than
 * a string may be. */
void guard_check_size(lua_State *L, const char *what, size_t len);
bool guard_stopping(lua_State *L);
/* The slice is being stopped: L goes no further. Does not return. */
int guard_stop(lua_State *L);

/* Coroutines inside coroutines: pushes one, unless they are too many. */
bool guard_push(lua_State *L, struct guard_frame *frame, lua_State *co);
void guard_pop(lua_State *L);

/* --- what was stopped ------------------------------------------------------------------------ */

/* Does it know where the slice that has ended was stopped? Not when that had
 * already begun to wait. */
bool guard_knows_where(const struct guard *g);
/* T, and the scripts that it is in, stand below that; or are that. */
void guard_note(struct guard *g, lua_State *T);

/* Logs and counts that a budget, or what ran without one, was stopped. T:
 * where to look when nothing ran, or NULL. */
void guard_report(struct guard *g, enum limit limit, const char *request_id, lua_State *T);

/* The same of the last report, for a person: what it was stopped for, and the traceback. Freed by
 * the caller; NULL without memory. */
char *guard_report_text(lua_State *L);

#endif
