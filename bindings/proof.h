/* SPDX-License-Identifier: MIT */
/* Proving a set of scripts: every file compiles, the handler loads as it would on a worker, the specs beside the scripts
 * pass. In a Lua state of its own that has no client: nothing is written anywhere. */
#ifndef USHER_PROOF_H
#define USHER_PROOF_H

#include "vm.h"

struct proof;

/* problem is NULL when the set is good; else what is wrong, a line for each fault, valid during the call. */
typedef void (*proof_on_end)(void *ctx, const char *problem);

/* on_end comes once, later. 0, or UV_E* and *problem (freed by the caller): then on_end does not come. */
int proof_start(const struct vm_settings *vm, struct script_set *set, const char *handler,
                bool specs, proof_on_end on_end, void *ctx, struct proof **out, char **problem);
void proof_cancel(struct proof *p); /* on_end comes no more */

/* The same, waiting for it: runs the loop meanwhile. */
int proof_now(const struct vm_settings *vm, struct script_set *set, const char *handler, bool specs,
              char **problem);

#endif
