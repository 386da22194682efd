/* SPDX-License-Identifier: MIT */
/* Watches folders for changes, and says so once things have been quiet for a moment.
 * On the main thread's loop. */
#ifndef USHER_WATCH_H
#define USHER_WATCH_H

#include <uv.h>

struct watch;

/* Every folder below `folder`, and `file` (either may be NULL). on_change comes for each burst of
 * changes, quiet_ms after its last. 0 or UV_E*. */
int watch_open(uv_loop_t *loop, const char *folder, const char *file, unsigned quiet_ms,
               void (*on_change)(void *ctx), void *ctx, struct watch **out);
void watch_close(struct watch *w); /* the memory goes when the loop has run once more */

#endif
