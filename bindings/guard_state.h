/* SPDX-License-Identifier: MIT */
/* The inside of struct guard, for the files guard*.c. What on_tick reads or writes,
 * a signal handler does. */
#ifndef USHER_GUARD_STATE_H
#define USHER_GUARD_STATE_H

#include "guard.h"

#include <signal.h>
#include <stdatomic.h>

enum { WHERE_MAX = 2048 };

struct memory {
  size_t used;
  size_t ceiling;    /* an allocation that would go beyond it is looked at by allow */
  size_t at_start;   /* used, when the slice began */
  void *tried;       /* refused once: Lua collects everything, and asks again; */
  size_t tried_size; /* 0: nothing, or it was asked for again. A buffer of C is not */
  enum over { WITHIN, OVER_REQUEST, OVER_STATE } over, tried_over; /* refused for good; or once */
  bool tight;   /* more than half of it is used: collections come earlier */
  char at[256]; /* where */
};

struct guard {
  struct guard_settings max;
  struct memory memory;
  bool on, proof;

  /* the slice */
  _Atomic(struct guard_frame *) running;
  unsigned depth; /* of coroutines in each other */
  struct budget *budget;
  uint64_t slice;             /* may take so much CPU time */
  enum limit slice_limit;     /* what it is called */
  volatile uint64_t since;    /* the thread's CPU time at the first tick; 0: there was none */
  volatile uint64_t charged;  /* of CPU time, by ticks */
  volatile sig_atomic_t stop; /* enum limit */
  volatile sig_atomic_t held; /* 0, 1: is to be told, 2: was told */
  char where[WHERE_MAX]; /* of the last one that was stopped: "file:line", then the traceback */
  enum limit reported;   /* what for */
};

/* Between a thread and its own signal handler: only the compiler must keep the order. */
#define guard_publish(at, value)                                                                   \
  (atomic_signal_fence(memory_order_release),                                                      \
   atomic_store_explicit(at, value, memory_order_relaxed))
#define guard_published(at) atomic_load_explicit(at, memory_order_relaxed)

struct guard *guard_in(lua_State *L);

/* Where the running coroutines are, innermost first. Takes no memory of Lua's. */
void guard_note_where(const struct guard_frame *frame, char *out, size_t size);
/* "file:line" of the innermost script; "?" */
void guard_note_line(const struct guard_frame *frame, char *out, size_t size);

/* Was memory refused for good in this slice, and whose? Then memory.at says where. */
enum over guard_memory_over(struct guard *g);

/* When a slice begins and ends: its part of the budget's memory.
 * At the end, what was refused is logged. */
void guard_memory_enter(struct guard *g);
void guard_memory_leave(struct guard *g);

#endif
