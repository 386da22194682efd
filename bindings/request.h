/* SPDX-License-Identifier: MIT */
/* A request in Lua: a box around an exchange, and the task that answers it. */
#ifndef USHER_REQUEST_H
#define USHER_REQUEST_H

#include "vm.h"

#include <stdatomic.h>
#include <stdbool.h>

struct exchange;

/* The open requests of one vm, so that they can be ended with it. */
struct request_list {
  struct request *first;
  atomic_uint *in_flight; /* counted there too, for whoever looks from another thread; or NULL */
  char generation[12];    /* told by X-Usher-Generation, or "" */
  bool show_tracebacks;   /* of what was stopped, too */
};

/* Starts the task that answers e: the handler is the function under `handler` in the registry. From
 * a loop callback; never raises: what goes wrong is answered 500 or 503. */
void request_start(struct vm *vm, int handler, struct exchange *e, struct request_list *open);

/* Answers 503 to everything that is still open. Its tasks are lost: the vm is about to close. */
void request_end_all(struct request_list *open);

#endif
