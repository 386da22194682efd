/* SPDX-License-Identifier: MIT */
/* Ticks of CPU time: a function that runs on a thread, as a signal handler, each few milliseconds
 * that this thread has computed. It interrupts what never returns; a thread that waits is left
 * alone, and an overloaded machine makes no ticks. */
#ifndef USHER_WATCHDOG_H
#define USHER_WATCHDOG_H

#include <stdint.h>

#define WATCHDOG_TICK_NS 10000000 /* on the average: each is shorter or longer by up to a half */

/* Says of on_tick, and of each function that it calls, that ThreadSanitizer leaves it alone: the
 * signal comes also in the middle of the sanitizer's own code,
 * whose locks nothing may ask for again. */
#define WATCHDOG_HANDLER __attribute__((no_sanitize("thread")))

/* cpu: nanoseconds that the thread has computed. Only what a signal handler may do. */
typedef void (*watchdog_tick)(uint64_t cpu);

/* The calling thread gets ticks from now on; on_tick is the same everywhere. 0 or UV_E*. */
int watchdog_open(watchdog_tick on_tick);

/* Once for each watchdog_open, on the same thread; the last one ends the ticks. */
void watchdog_close(void);

#endif
