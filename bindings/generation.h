/* SPDX-License-Identifier: MIT */
/* A generation: all scripts and settings of one moment in a Lua state of their own, on one worker.
 * A reload makes the next one beside it; requests in flight finish on the one they began on.
 * Everything here is on the worker's thread. */
#ifndef USHER_GENERATION_H
#define USHER_GENERATION_H

#include "vm.h"

struct exchange;
struct generation;
struct version;

/* Loads the module `handler`, which must return a function of a request. 0, or UV_E* and then
 * *problem (freed by the caller, may be NULL) says what is wrong. version: whose set it loads and
 * whose counters it moves; one state of it is counted already. */
int generation_open(const struct vm_settings *settings, const char *handler,
                    struct version *version, struct generation **out, char **problem);

/* What its routes can be asked with, "GET, POST"; of a handler without routes NULL. */
const char *generation_methods(const struct generation *g);

/* A task of this generation answers it. Never raises. */
void generation_request(struct generation *g, struct exchange *e);

/* Starts the jobs of background.lua in it. 0 or UV_ENOMEM. */
int generation_start_jobs(struct generation *g);

/* Its requests finish, then its jobs run a last time; what is not finished after drain_ms is
 * answered 503. on_gone comes once, later, when it is closed; its memory is gone then. */
void generation_retire(struct generation *g, uint64_t drain_ms, void (*on_gone)(void *ctx),
                       void *ctx);

/* The process ends: jobs that end early do. on_idle comes when nothing but jobs for the very end is
 * left; after generation_finish, when they have run too. */
void generation_drain(struct generation *g, void (*on_idle)(void *ctx), void *ctx);
bool generation_is_idle(const struct generation *g); /* no request and no other task */
bool generation_has_jobs(const struct generation *g);
void generation_finish(struct generation *g);

/* Now: what is open is answered 503. The memory goes when the loop has run once more. */
void generation_close(struct generation *g);

#endif
