/* SPDX-License-Identifier: MIT */
/* Jobs beside the requests: one task of one vm of the process,
 * which ends when everything else has. */
#ifndef USHER_BACKGROUND_H
#define USHER_BACKGROUND_H

#include "vm.h"

/* Runs the jobs that background.every has registered in this vm. 0, or UV_ENOMEM. */
int background_start(struct vm *vm);

/* Tells the jobs what the process is doing, and wakes them. The last run of each
 * comes with VM_LAST. */
void background_tell(struct vm *vm, enum vm_phase phase);

#endif
