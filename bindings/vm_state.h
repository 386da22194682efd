/* SPDX-License-Identifier: MIT */
/* What a vm is, for all that runs in one; vm.h makes and ends it. It needs none of them. */
#ifndef USHER_VM_STATE_H
#define USHER_VM_STATE_H

#include <lua.h>
#include <stdbool.h>
#include <uv.h>

struct budgets;
struct client;
struct guard;
struct reload;
struct script_set;
struct task;
struct worker;
struct virtual;
struct waiter;

struct vm_settings {
  uv_loop_t *loop;
  struct client *client;  /* not owned; NULL where nothing is fetched */
  struct worker *worker;  /* of a server; NULL elsewhere */
  struct reload *reload;  /* of a server; NULL elsewhere */
  struct script_set *set; /* what was read; NULL: vm_open reads it from scripts and config_path */
  const char *scripts;    /* a folder that replaces the scripts inside the binary, or NULL */
  /* Lua laid over config/usher.lua, under the file, or NULL: what `usher dev` starts from. */
  const char *config_under;
  const char *config_path; /* a file laid over config/usher.lua, or NULL */
  const char *config_over; /* Lua laid over all, or NULL: what the command line says */
  bool trusted;            /* exec, test, the sandbox: io, os, package and sqlite are there */
  bool proving;  /* a proof: scripts are only loaded, and specs may make worlds (testing.lua) */
  bool lenient;  /* a secret that is missing is left out instead of refused */
  bool tolerant; /* settings that are wrong are told by settings.problems; the defaults stand in */
};

/* What the process is doing, as the jobs of background.h see it. */
enum vm_phase { VM_SERVING, VM_DRAINING, VM_LAST };

/* What a Lua state's extra space points to: the vm, and the task when the state is a
 * task's coroutine. */
struct context {
  struct vm *vm;
  struct task *task;
};

struct vm {
  lua_State *L;
  struct context dead; /* of a script's coroutine that was stopped */
  struct vm_settings settings;
  struct script_set *set; /* a reference of its own */
  struct guard *guard;
  struct budgets *budgets;          /* of tasks; NULL: nobody counts */
  struct task *ready, **ready_tail; /* woken tasks, oldest first */
  struct task *round;               /* the rest of those that are being resumed */
  uv_prepare_t before_poll;
  uv_check_t after_poll;
  uv_idle_t busy;      /* runs while tasks are ready, so that the poll does not block */
  unsigned handles;    /* not closed yet */
  unsigned tasks;      /* alive */
  unsigned background; /* alive, of jobs: these do not count in tasks */
  enum vm_phase phase;
  struct waiter *waiters; /* jobs that sleep */
  struct after *timers;   /* of task.after */
  unsigned timer_count;
  struct virtual *virtual;        /* virtual.h; NULL: nobody asked for it */
  void (*on_idle)(struct vm *vm); /* the last task, or the last of a job, has ended; may be NULL */
  void *host;                     /* of whoever set on_idle */
};

/* The vm of any state or coroutine in it. */
struct vm *vm_of(lua_State *L);

/* registry[key] = a new table that does not keep what its keys are alive. */
void vm_make_weak_table(lua_State *L, const char *key);

/* The error on top of L as text, whatever it is; valid until it is popped. Never raises. */
const char *vm_error_text(lua_State *L);

#endif
