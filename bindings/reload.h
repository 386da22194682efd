/* SPDX-License-Identifier: MIT */
/* Reloading: one path for file watch, SIGHUP, POST /reload and rollback. Read, prove on the main
 * thread, prepare on every worker, swap on every worker; on any failure the old
 * version keeps serving. */
#ifndef USHER_RELOAD_H
#define USHER_RELOAD_H

#include "generation.h"
#include "versions.h"
#include "workers.h"

struct reload;

struct reload_settings {
  struct vm_settings vm; /* for the proof: loop is the main thread's, set stays NULL */
  const char *handler;
  bool prove;    /* run the specs that lie beside the scripts */
  unsigned keep; /* good versions that a rollback can go back to */
  uint64_t drain_ms;
  void (*on_outcome)(bool ok, const char *message, void *ctx); /* of each reload; may be NULL */
  void *ctx;
};

/* What reload tells workers, through workers_tell. */
enum { RELOAD_PREPARE = 1, RELOAD_SWAP = 2, RELOAD_DISCARD = 4, RELOAD_ANSWER = 8 };

/* --- the main thread ------------------------------------------------------------------------ */

/* Reads and proves the first version. 0, or UV_E* and *problem (freed by the caller). */
int reload_open(const struct reload_settings *settings, struct reload **out, char **problem);
void reload_set_workers(struct reload *r, struct workers *ws, unsigned count);
struct versions *reload_versions(struct reload *r);
/* trigger: a literal. Nobody waits for the answer: without memory nothing happens. */
void reload_ask(struct reload *r, const char *trigger);
/* No worker is there any more. The memory goes when the loop has run once more. */
void reload_close(struct reload *r);

/* --- a worker ------------------------------------------------------------------------------- */

/* The version to open first, or to prepare; counted as one more state of it. */
struct version *reload_take(struct reload *r);
/* After each RELOAD_PREPARE, once. problem: in words, or NULL. */
void reload_prepared(struct reload *r, int err, const char *problem);

/* A call from Lua that waits for the outcome. on_answer runs on the worker's thread, once. */
struct reload_call {
  struct worker *worker;
  int number; /* -1: reload; else roll back to this version, 0 the one before */
  bool ok;
  char *message; /* owned by the call */
  void (*on_answer)(struct reload_call *call);
  struct reload_call *next;
};
int reload_call(struct reload *r, struct reload_call *call);    /* 0, or UV_ENOMEM: no on_answer */
void reload_forget(struct reload *r, struct reload_call *call); /* on_answer comes no more */
/* After RELOAD_ANSWER: runs each on_answer that is there for this worker. */
void reload_answer(struct reload *r, struct worker *w);

#endif
