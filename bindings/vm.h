/* SPDX-License-Identifier: MIT */
/* A vm: one Lua state with usher's modules, on one loop. A worker has one;
 * exec and test have one. */
#ifndef USHER_VM_H
#define USHER_VM_H

#include "vm_state.h"

/* 0, UV_ENOMEM or UV_EINVAL; then *problem (freed by the caller)
 * says what is wrong, for a person. */
int vm_open(struct vm **vm, const struct vm_settings *settings, char **problem);

/* Reads the set that the settings name; reload.links is asked when a link leads out of the folder.
 * As script_set_read. */
int vm_read_set(const struct vm_settings *settings, struct script_set **set, char **problem);

/* No task may be alive. Its handles are closed; the memory goes when the loop has run once more. */
void vm_close(struct vm *vm);

#endif
