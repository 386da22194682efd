/* SPDX-License-Identifier: MIT */
/* Proving a set of scripts: the settings fit, every file compiles, every module loads as it would
 * on a worker, the routes lead somewhere, the specs beside the scripts pass. In a Lua state of its
 * own that has no client: nothing is written anywhere. */
#ifndef USHER_PROOF_H
#define USHER_PROOF_H

#include "vm.h"

struct proof;

/* All that is wrong with a set. */
struct proof_faults {
  char *lines; /* a line for each: "file:line: message" */
  char *text;  /* the same with tracebacks */
  char *json;  /* a list of {file, line, message, traceback} */
};
void proof_faults_free(struct proof_faults *f);

/* faults is NULL when the set is good. It is freed after the call,
 * but for what was moved out of it. */
typedef void (*proof_on_end)(void *ctx, struct proof_faults *faults);

/* on_end comes once, later. 0, or UV_E* and *problem (freed by the caller):
 * then on_end does not come. */
int proof_start(const struct vm_settings *vm, struct script_set *set, const char *handler,
                bool specs, proof_on_end on_end, void *ctx, struct proof **out, char **problem);
void proof_cancel(struct proof *p); /* on_end comes no more */

/* The same, waiting for it: runs the loop meanwhile. UV_EINVAL with the faults (freed by the
 * caller) when there are any; other errors without. */
int proof_now(const struct vm_settings *vm, struct script_set *set, const char *handler, bool specs,
              struct proof_faults *faults);

#endif
