/* SPDX-License-Identifier: MIT */
/* Reads scripts into memory. A folder is read until it holds still;
 * the binary's own scripts are only pointed at. */
#include "script_set.h"

#include "bytes.h"
#include "chunk.h"
#include "digest.h"
#include "embedded.h"
#include "file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define WEB "web/"

enum { DEPTH_MAX = 16, FILES_MAX = 4096, FILE_MAX = 1 << 20, READINGS_MAX = 20 };

struct script_set {
  atomic_uint refs;
  char *origin;
  struct script_file *files;
  size_t count, cap;
  bool owned;                /* names, paths, data and chunks are ours to free */
  struct script_file config; /* data is NULL without one */
  char hash[DIGEST_HEX + 1];
};

struct reading {
  struct script_set *set;
  char root[PATH_MAX];
  bool links;
  char **problem;
};

static int refuse(struct reading *r, const char *format, ...) {
  char text[PATH_MAX + 256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  free(*r->problem);
  *r->problem = strdup(text);
  return UV_EINVAL;
}

static bool is_lua(const char *name) {
  size_t len = strlen(name);
  return len > 4 && strcmp(name + len - 4, ".lua") == 0;
}

bool script_file_is_web(const struct script_file *file) {
  return strncmp(file->name, WEB, sizeof WEB - 1) == 0 && !is_lua(file->name);
}

/* Scripts anywhere, and below web/ everything. name: below the folder. */
static bool belongs(const char *name) {
  return is_lua(name) || strncmp(name, WEB, sizeof WEB - 1) == 0;
}

static struct script_file *add(struct script_set *set) {
  if (set->count == set->cap) {
    size_t cap = set->cap ? set->cap * 2 : 64;
    struct script_file *files = realloc(set->files, cap * sizeof *files);
    if (!files) return NULL;
    set->files = files;
    set->cap = cap;
  }
  struct script_file *file = &set->files[set->count++];
  memset(file, 0, sizeof *file);
  return file;
}

/* --- a folder ------------------------------------------------------------------------------- */

/* A link may lead anywhere inside the folder, and elsewhere only where the settings say so. */
static int check_inside(struct reading *r, const char *path) {
  char real[PATH_MAX];
  size_t len = strlen(r->root);
  if (!realpath(path, real)) return refuse(r, "%s: %s", path, strerror(errno));
  if (r->links || (strncmp(real, r->root, len) == 0 && (real[len] == '/' || !real[len]))) return 0;
  refuse(r,
         "%s is a link that leads out of the scripts folder, to %s; copy what is there, or set "
         "reload.links",
         path, real);
  return UV_ELOOP;
}

/* advice: what to do when it cannot be read */
static int read_file(struct reading *r, struct script_file *file, const char *path,
                     const char *name, const char *advice) {
  struct bytes text = {0};
  file->name = strdup(name);
  file->path = strdup(path);
  file->chunk = chunk_new();
  int err = file->name && file->path && file->chunk ? file_read(path, FILE_MAX, &text) : UV_ENOMEM;
  if (err == UV_ENOMEM) return err;
  if (err == UV_EFBIG) return refuse(r, "%s is larger than 1 MB", path);
  if (err) return refuse(r, "%s: %s; %s", path, strerror(-err), advice);
  file->data = text.data;
  file->len = text.len;
  return digest_sha256_hex(file->data, file->len, file->hash);
}

static int read_one(struct reading *r, const char *path, const char *name) {
  struct script_file *file = add(r->set);
  if (!file) return UV_ENOMEM;
  return read_file(r, file, path, name, "usher must be able to read it");
}

static int read_config(struct reading *r, const char *path) {
  return read_file(r, &r->set->config, path, path, "--config takes a file that can be read");
}

static int read_folder(struct reading *r, const char *folder, const char *prefix, int depth);

static int read_entry(struct reading *r, const char *folder, const char *prefix,
                      const uv_dirent_t *dirent, int depth) {
  const char *entry = dirent->name;
  char path[PATH_MAX], name[PATH_MAX];
  uv_fs_t stat;
  if (snprintf(path, sizeof path, "%s/%s", folder, entry) >= (int)sizeof path ||
      snprintf(name, sizeof name, "%s%s", prefix, entry) >= (int)sizeof name)
    return refuse(r, "%s/%s: the path is too long", folder, entry);
  int err = uv_fs_stat(NULL, &stat, path, NULL);
  bool is_folder = !err && S_ISDIR(stat.statbuf.st_mode);
  bool is_file = !err && S_ISREG(stat.statbuf.st_mode);
  uv_fs_req_cleanup(&stat);
  if (err) return belongs(name) ? refuse(r, "%s: %s", path, uv_strerror(err)) : 0;
  if (is_folder && is_lua(entry)) return refuse(r, "%s is a folder; a script is a file", path);
  if (!is_folder && !belongs(name)) return 0;
  if (!is_folder && !is_file) return refuse(r, "%s is no file", path);
  bool is_link = dirent->type != UV_DIRENT_FILE && dirent->type != UV_DIRENT_DIR; /* or unknown */
  if (is_link) err = check_inside(r, path);
  if (err) return err;
  if (r->set->count >= FILES_MAX)
    return refuse(r, "%s holds more than %d scripts", r->root, FILES_MAX);
  if (!is_folder) return read_one(r, path, name);
  if (depth == DEPTH_MAX)
    return refuse(r, "%s: folders are nested deeper than %d", path, DEPTH_MAX);
  strcat(name, "/"); /* there is room: path is longer and fits */
  return read_folder(r, path, name, depth + 1);
}

static int read_folder(struct reading *r, const char *folder, const char *prefix, int depth) {
  uv_fs_t scan;
  uv_dirent_t entry;
  int err = uv_fs_scandir(NULL, &scan, folder, 0, NULL);
  if (err < 0) {
    uv_fs_req_cleanup(&scan);
    return refuse(r, "%s: %s; --scripts takes a folder that can be read", folder, uv_strerror(err));
  }
  err = 0;
  while (!err && uv_fs_scandir_next(&scan, &entry) == 0)
    if (*entry.name != '.') err = read_entry(r, folder, prefix, &entry, depth);
  uv_fs_req_cleanup(&scan);
  return err;
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool is_spec(const char *name) {
  size_t len = strlen(name);
  return len > 9 && strcmp(name + len - 9, "_spec.lua") == 0;
}

/* Not the specs: what is inside has been proven, and `usher eject` writes them out. */
static int read_embedded(struct script_set *set) {
  for (size_t i = 0; i < embedded_count; i++) {
    const struct embedded_file *from = &embedded_files[i];
    if (strncmp(from->path, "scripts/", 8) || from->path[8] == '.' || !belongs(from->path + 8) ||
        is_spec(from->path))
      continue;
    struct script_file *file = add(set);
    if (!file) return UV_ENOMEM;
    file->name = from->path + 8;
    file->path = from->path;
    file->data = from->data;
    file->len = (size_t)(from->end - from->data);
    file->chunk = from->chunk;
    int err = digest_sha256_hex(file->data, file->len, file->hash);
    if (err) return err;
  }
  return 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct script_file *)a)->name, ((const struct script_file *)b)->name);
}

static int seal(struct script_set *set) {
  struct bytes all = {0};
  int err = 0;
  if (set->count) qsort(set->files, set->count, sizeof *set->files, by_name);
  for (size_t i = 0; i < set->count && !err; i++)
    err = bytes_printf(&all, "%s %s\n", set->files[i].hash, set->files[i].name);
  if (!err && set->config.data) err = bytes_printf(&all, "%s\n", set->config.hash);
  if (!err) err = digest_sha256_hex(all.data ? all.data : "", all.len, set->hash);
  bytes_free(&all);
  return err;
}

static int read_once(const char *folder, const char *config, bool links, struct script_set **out,
                     char **problem) {
  struct reading r = {.links = links, .problem = problem, .set = calloc(1, sizeof *r.set)};
  if (!r.set) return UV_ENOMEM;
  atomic_init(&r.set->refs, 1);
  r.set->owned = folder != NULL;
  r.set->origin = strdup(folder ? folder : "the binary");
  int err = r.set->origin ? 0 : UV_ENOMEM;
  if (!err && folder && !realpath(folder, r.root))
    err = refuse(&r, "%s: %s; --scripts takes a folder that can be read", folder,
                 uv_strerror(uv_translate_sys_error(errno)));
  if (!err) err = folder ? read_folder(&r, folder, "", 0) : read_embedded(r.set);
  if (!err && config) err = read_config(&r, config);
  if (!err) err = seal(r.set);
  if (err)
    script_set_unref(r.set);
  else
    *out = r.set;
  return err;
}

int script_set_read(const char *folder, const char *config, bool links, struct script_set **out,
                    char **problem) {
  struct script_set *before = NULL;
  int err = UV_EINVAL;
  bool still = false;
  *problem = NULL;
  for (int i = 0; i < READINGS_MAX && !still && err != UV_ENOMEM && err != UV_ELOOP; i++) {
    struct script_set *now = NULL;
    err = read_once(folder, config, links, &now, problem);
    still = !err && ((!folder && !config) || (before && strcmp(before->hash, now->hash) == 0));
    script_set_unref(before);
    before = now; /* NULL when a file went away while it was read: look again */
  }
  if (still) {
    free(*problem); /* of a reading before */
    *problem = NULL;
    *out = before;
    return 0;
  }
  script_set_unref(before);
  if (err) return err;
  struct reading r = {.problem = problem};
  return refuse(&r, "%s keeps changing while it is read; save it, then reload",
                folder ? folder : config);
}

void script_set_inherit(struct script_set *set, const struct script_set *from) {
  for (size_t i = 0; set->owned && i < set->count; i++) {
    struct script_file *file = &set->files[i];
    const struct script_file *old = script_set_find(from, file->name);
    if (!old || strcmp(old->hash, file->hash) || strcmp(old->path, file->path)) continue;
    chunk_unref(file->chunk);
    file->chunk = chunk_ref(old->chunk);
  }
}

struct script_set *script_set_ref(struct script_set *set) {
  atomic_fetch_add(&set->refs, 1);
  return set;
}

static void free_file(struct script_file *file) {
  free((char *)file->name);
  free((char *)file->path);
  free((char *)file->data);
  chunk_unref(file->chunk);
}

void script_set_unref(struct script_set *set) {
  if (!set || atomic_fetch_sub(&set->refs, 1) > 1) return;
  for (size_t i = 0; set->owned && i < set->count; i++) free_file(&set->files[i]);
  free_file(&set->config);
  free(set->files);
  free(set->origin);
  free(set);
}

size_t script_set_count(const struct script_set *set) {
  return set->count;
}
const struct script_file *script_set_at(const struct script_set *set, size_t i) {
  return &set->files[i];
}
const char *script_set_hash(const struct script_set *set) {
  return set->hash;
}
const char *script_set_origin(const struct script_set *set) {
  return set->origin;
}

const struct script_file *script_set_find(const struct script_set *set, const char *name) {
  const struct script_file key = {.name = name};
  return set->count ? bsearch(&key, set->files, set->count, sizeof key, by_name) : NULL;
}

const struct script_file *script_set_config(const struct script_set *set) {
  return set->config.data ? &set->config : NULL;
}
