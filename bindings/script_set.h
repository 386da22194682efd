/* SPDX-License-Identifier: MIT */
/* A set of scripts, what they give to browsers (web/) and the settings' file beside them, read
 * whole and kept in memory: what a generation is made of, and what a rollback goes back to. */
#ifndef USHER_SCRIPT_SET_H
#define USHER_SCRIPT_SET_H

#include <stdbool.h>
#include <stddef.h>

struct chunk;

struct script_file {
  const char *name; /* below the folder: "lib/form.lua" */
  const char *path; /* as people know it: "scripts/lib/form.lua", "/etc/usher/lib/form.lua" */
  const char *data; /* NUL-terminated */
  size_t len;
  char hash[65];       /* SHA-256, hexadecimal */
  struct chunk *chunk; /* for what is Lua */
};

/* Is it for browsers? Anything below web/ but a script. */
bool script_file_is_web(const struct script_file *file);

/* Never changes once it is there, but for what its chunks know; counted; any thread. */
struct script_set;

/* Reads every .lua file and all of web/ below the folder, or inside the binary when folder is NULL,
 * and the file config, when it is not NULL. Reads again until two readings are the same, so that an
 * editor half way through is waited for. links: symbolic links may lead out of the folder; without
 * it, that is UV_ELOOP. Most callers want vm_read_set, which knows. 0, UV_ENOMEM, or UV_EINVAL,
 * UV_ELOOP and then *problem (freed by the caller) names the file and says what to do. */
int script_set_read(const char *folder, const char *config, bool links, struct script_set **out,
                    char **problem);

/* What has not changed since another set of the folder need not be compiled again. Before the set
 * is shown to other threads. */
void script_set_inherit(struct script_set *set, const struct script_set *from);

struct script_set *script_set_ref(struct script_set *set);
void script_set_unref(struct script_set *set); /* NULL is fine */

size_t script_set_count(const struct script_set *set);
/* In order of names. */
const struct script_file *script_set_at(const struct script_set *set, size_t i);
const struct script_file *script_set_find(const struct script_set *set, const char *name);

/* The settings' file, or NULL without one. */
const struct script_file *script_set_config(const struct script_set *set);

/* SHA-256 over all names and hashes: two sets with the same hash are the same. */
const char *script_set_hash(const struct script_set *set);

/* "the binary", or the folder. */
const char *script_set_origin(const struct script_set *set);

#endif
