/* SPDX-License-Identifier: MIT */
/* The inside of struct task, for the files task*.c.
 * A task's memory is a userdata that lives at the bottom of its own coroutine's anchor in the
 * registry (roots) or on its parent's stack (children of task.all),
 * so that nothing leaks when a state is closed half way. */
#ifndef USHER_TASK_STATE_H
#define USHER_TASK_STATE_H

#include "task.h"

#define TASK "usher.task"

enum task_state { READY, RUNNING, AWAITING, WOKEN, ENDED };

struct task {
  struct context context; /* first: the coroutine's extra space points here */
  lua_State *T;
  struct task *next; /* in the run queue */
  struct task *parent;
  struct budget *budget; /* NULL: nobody counts */
  struct task *budget_prev, *budget_next;
  enum task_state state;
  bool background; /* of a job: vm->background counts it */
  int nargs;
  int anchor;       /* registry reference of a root, LUA_NOREF for a child */
  unsigned pending; /* children that have not ended */
  int status;
  uint64_t deadline;
  task_on_end on_end;
  void *ctx;
  void (*cancel)(void *op); /* of what it awaits; may be NULL */
  void *op;
  char request_id[REQUEST_ID_MAX + 1];
};

/* stack: …, function, nargs arguments -> …, task userdata (its user values:
 * the coroutine, whom it works for) */
struct task *task_push(lua_State *L, int nargs);
/* Of the same request, job and budget; in no budget yet. */
void task_inherit(struct task *t, const struct task *from);
/* Raises when n more tasks of the budget are too many. */
void task_check_room(lua_State *L, const struct budget *b, unsigned n);
/* Queues it; it is alive from here on, and one more of the budget (which may be NULL). */
void task_begin(struct task *t, struct budget *b);
/* The other way: it has ended. How many of its kind are left in the vm. */
unsigned task_finish(struct task *t, int status);

void task_dequeue(struct task *t);
/* It was stopped for a limit, and with it all of its budget. */
void task_stop(struct task *t, enum limit limit);

#endif
