/* SPDX-License-Identifier: MIT */
/* The versions of the scripts that serve, have served or were refused: what /status shows and a
 * rollback goes back to. Shared by the main thread, which makes them, and the workers,
 * which count requests in them. */
#ifndef USHER_VERSIONS_H
#define USHER_VERSIONS_H

#include "bytes.h"
#include "script_set.h"

#include <stdatomic.h>

struct version {
  unsigned number; /* counts from 1; a rollback is a new number with an old set */
  struct script_set *set;
  char *trigger; /* who asked: "start", "SIGHUP", "file watch", "POST /reload", "rollback to 3" */
  double since;  /* seconds since 1970 */
  atomic_uint in_flight; /* requests in it that have no answer yet, all workers */
  atomic_uint states;    /* Lua states of it that are open */
  struct version *older;
};

/* All functions are called on the main thread only, where they do not say otherwise. */
struct versions;

struct versions *versions_new(unsigned keep); /* NULL: out of memory */
void versions_free(struct versions *vs);

/* Takes a reference of the set. NULL: out of memory. Not current before versions_adopt. */
struct version *versions_add(struct versions *vs, struct script_set *set, const char *trigger);
void versions_adopt(struct versions *vs, struct version *v); /* it serves from now on */
/* It never served. Its memory goes when no state of it is open any more. */
void versions_discard(struct versions *vs, struct version *v);

/* Remembers why the last attempt was refused. faults: as a JSON list, or NULL. stands: the files
 * that were read are as bad as it says, until versions_adopt or versions_mended. */
void versions_refused(struct versions *vs, const char *trigger, const char *problem,
                      const char *faults, bool stands);
void versions_mended(struct versions *vs); /* the files are those that serve */

/* Appends why the files as they are were refused; nothing when they were not.
 * From any thread. 0 or UV_ENOMEM. */
int versions_standing(struct versions *vs, struct bytes *out);

struct version *versions_current(const struct versions *vs);
/* The kept version of that number; 0: the one before the current. NULL when there is none. */
struct version *versions_find(const struct versions *vs, unsigned number);

/* Appends a JSON object. From any thread. 0 or UV_ENOMEM. */
int versions_status(struct versions *vs, struct bytes *out);

#endif
