/* SPDX-License-Identifier: MIT */
/*
 * The allocator of a limited state: realloc and free behind one comparison. What it refuses is
 * Lua's "not enough memory", an error of the task that asked; Lua collects everything first, and
 * asks again. A request's part is soft: what its slices have taken and not given back, though a
 * slice may also free what others left.
 */
#include "guard_state.h"

#include "budget.h"
#include "log.h"
#include "metrics.h"
#include "task.h"

#include <stdlib.h>

enum {
  PAUSE = 200,
  PAUSE_TIGHT = 120
}; /* percent of what lives, where the next collection begins */

/* From half of the memory on Lua must not wait until it has doubled:
 * a buffer of C is refused without a collection. */
static void tighten(struct guard *g, bool tight) {
  g->memory.tight = tight;
  lua_gc(guard_published(&g->running)->L, LUA_GCSETPAUSE, tight ? PAUSE_TIGHT : PAUSE);
}

/* Of the state: the half of it until then. */
static size_t highest(const struct guard *g) {
  return g->memory.tight ? g->max.memory : g->max.memory / 2;
}

/* Over the ceiling: of the state, or only of the request's part? */
static bool allow(struct guard *g, void *block, size_t new, size_t more) {
  struct memory *m = &g->memory;
  if (!m->tight && m->used + more > highest(g) && guard_published(&g->running)) tighten(g, true);
  bool whole = m->used + more > g->max.memory;
  if (!whole && (!g->budget || m->used + more <= g->max.request_memory)) {
    /* all that there is holds less than one request may */
    m->ceiling = g->max.request_memory;
    if (!g->budget || m->ceiling > highest(g)) m->ceiling = highest(g);
    return true;
  }
  bool again = m->tried == block && m->tried_size == new;
  if (m->over == WITHIN) guard_note_line(g->running, m->at, sizeof m->at);
  m->tried = block;
  m->tried_size = again ? 0 : new;
  m->tried_over = whole ? OVER_STATE : OVER_REQUEST;
  if (again) m->over = m->tried_over;
  return false;
}

enum over guard_memory_over(struct guard *g) {
  struct memory *m = &g->memory;
  if (m->over == WITHIN && m->tried_size) m->over = m->tried_over;
  m->tried_size = 0;
  return m->over;
}

void *guard_alloc(void *ud, void *block, size_t old, size_t new) {
  struct guard *g = ud;
  struct memory *m = &g->memory;
  if (!block) old = 0; /* it was what the new block is for */
  if (new == 0) {
    free(block);
    m->used -= old;
    return NULL;
  }
  if (new > old && m->used + (new - old) > m->ceiling && !allow(g, block, new, new - old))
    return NULL;
  void *moved = block ? realloc(block, new) : malloc(new); /* the shorter way in jemalloc */
  if (!moved) return NULL;
  m->used += new - old;
  if (new == m->tried_size) m->tried_size = 0;
  return moved;
}

void guard_memory_enter(struct guard *g) {
  struct memory *m = &g->memory;
  m->at_start = m->used;
  m->over = WITHIN;
  m->tried_size = 0;
  m->ceiling = highest(g);
  if (!g->budget || !g->max.request_memory) return;
  ptrdiff_t left = (ptrdiff_t)g->max.request_memory - g->budget->memory;
  size_t own = m->used + (size_t)(left > 0 ? left : 0);
  if (own < m->ceiling) m->ceiling = own;
}

static void tell(struct guard *g) {
  bool whole = g->memory.over == OVER_STATE;
  struct task *task = task_running(g->running->L);
  log_event(LOG_ERROR, "memory_refused", "setting",
            whole ? "scripts.memory" : "scripts.request_memory",
            LOG_NUMBER("bytes", whole ? g->max.memory : g->max.request_memory), "at", g->memory.at,
            "request_id", task ? task_request_id(task) : "", NULL);
  metrics_count("usher_scripts_memory_refused_total",
                whole ? "limit=\"memory\"" : "limit=\"request_memory\"", 1);
}

void guard_memory_leave(struct guard *g) {
  struct memory *m = &g->memory;
  if (g->budget) {
    g->budget->memory += (ptrdiff_t)(m->used - m->at_start);
    if (g->budget->memory < 0) g->budget->memory = 0;
  }
  m->ceiling = g->max.memory;
  if (m->tight && m->used <= g->max.memory / 2) tighten(g, false);
  if (guard_memory_over(g) != WITHIN) tell(g);
}
