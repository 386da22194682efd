/* SPDX-License-Identifier: MIT */
/* The time of a state, and alarms that go by it. For specs, time may be virtual: it stands still
 * while anything can run and then jumps to the next alarm, so that nobody waits; randomness is then
 * a seed's, and limits are its own. */
#ifndef USHER_VIRTUAL_H
#define USHER_VIRTUAL_H

#include "vm_state.h"

#include <stdint.h>

struct limiter;

double virtual_now(const struct vm *vm);         /* seconds since 1970 */
uint64_t virtual_monotonic(const struct vm *vm); /* nanoseconds; never goes back */
void virtual_random(struct vm *vm, void *out, size_t len);
struct limiter *virtual_limiter(struct vm *vm); /* NULL: the process's */
void virtual_close(struct vm *vm);              /* with the state */

/* Nothing else can run: the next alarm rings. False: time is real, or there is none. */
bool virtual_step(struct vm *vm);

/* One timer, embedded first in what is freed when it has closed. */
struct alarm {
  uv_timer_t timer;
  struct vm *vm;
  struct alarm *next; /* of those that wait for virtual time, soonest first */
  uint64_t at;
  bool waits;
  void (*ring)(struct alarm *alarm);
};

void alarm_init(struct alarm *alarm, struct vm *vm);
void alarm_start(struct alarm *alarm, double seconds, void (*ring)(struct alarm *alarm));
void alarm_stop(struct alarm *alarm);
void alarm_close(struct alarm *alarm, uv_close_cb on_closed);

#endif
