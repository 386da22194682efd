/* SPDX-License-Identifier: MIT */
/* Worker threads, each with its own loop. They share nothing but what is behind log,
 * metrics and the like. */
#ifndef USHER_WORKERS_H
#define USHER_WORKERS_H

#include <uv.h>

struct workers;
struct worker;

/* All run on the worker's own thread. */
struct worker_hooks {
  /* Before the loop runs; anything but 0 ends this worker. */
  int (*open)(struct worker *w, void *ctx);
  /* Finish what is in flight, then call worker_stop. */
  void (*drain)(struct worker *w, void *ctx);
  /* On the first, after drain: all others have ended. May be NULL. */
  void (*alone)(struct worker *w, void *ctx);
  /* The loop has stopped: close every handle; it runs once more after this.
   * Comes too when open has failed. */
  void (*close)(struct worker *w, void *ctx);
  void (*told)(struct worker *w, unsigned words, void *ctx); /* workers_tell; may be NULL */
  void (*draining)(void *ctx); /* all have run drain; on the last one's thread; may be NULL */
  void (*ended)(void *ctx);    /* all have ended; on the last one's thread; may be NULL */
};

uv_loop_t *worker_loop(struct worker *w);
unsigned worker_index(const struct worker *w);
void *worker_data(const struct worker *w);
void worker_set_data(struct worker *w, void *data);
void worker_stop(struct worker *w); /* on its own thread: the loop ends after this round */

/* Starts count threads and waits until each has opened. 0, UV_ENOMEM, or the first error of an
 * open: then all have ended. */
int workers_start(unsigned count, const struct worker_hooks *hooks, void *ctx,
                  struct workers **out);

/* From any thread: each worker's told hook runs soon, with all words (bits below 1 << 29)
 * told since it last ran. */
void workers_tell(struct workers *ws, unsigned words);
void worker_tell(struct worker *w, unsigned words);

void workers_drain(struct workers *ws); /* from any thread; each worker's drain hook runs soon */
void workers_stop(struct workers *ws);  /* from any thread; at once */
void workers_free(struct workers *ws); /* joins the threads: they must have ended or been stopped */

#endif
