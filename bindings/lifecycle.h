/* SPDX-License-Identifier: MIT */
/* What the process is doing: how long it has served, whether it is on its way out. Any thread. */
#ifndef USHER_LIFECYCLE_H
#define USHER_LIFECYCLE_H

void lifecycle_set_draining(void);

#endif
