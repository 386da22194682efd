/* SPDX-License-Identifier: MIT */
/* inotify through uv_fs_event, one for each folder. It watches what a path led to, so that after
 * each burst all paths are looked up again: folders appear, and take the place of others. */
#include "watch.h"

#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, MISSING_MS = 1000 };

struct place {
  uv_fs_event_t event; /* first: freed in its close callback */
  struct place *next;
};

struct watch {
  uv_loop_t *loop;
  uv_timer_t quiet;
  unsigned quiet_ms;
  char *folder, *beside; /* beside: where the file is; either may be NULL */
  struct place *places;
  bool missing; /* the folder was not there the last time */
  void (*on_change)(void *ctx);
  void *ctx;
};

static void on_quiet(uv_timer_t *timer);

static void on_event(uv_fs_event_t *event, const char *name, int events, int status) {
  (void)events, (void)status;
  struct watch *w = event->data;
  if (name && *name == '.') return; /* an editor's swap file */
  uv_timer_start(&w->quiet, on_quiet, w->quiet_ms, 0);
}

static void on_place_closed(uv_handle_t *handle) {
  free(handle);
}

static void close_places(struct place *list) {
  while (list) {
    struct place *p = list;
    list = p->next;
    uv_close((uv_handle_t *)&p->event, on_place_closed);
  }
}

static int add_place(struct watch *w, const char *path) {
  struct place *p = calloc(1, sizeof *p);
  if (!p) return UV_ENOMEM;
  uv_fs_event_init(w->loop, &p->event);
  p->event.data = w;
  int err = uv_fs_event_start(&p->event, on_event, path, 0);
  if (err) {
    uv_close((uv_handle_t *)&p->event, on_place_closed);
    return err;
  }
  p->next = w->places;
  w->places = p;
  return 0;
}

static int add_folders(struct watch *w, const char *folder, int depth) {
  uv_fs_t scan;
  uv_dirent_t entry;
  char path[PATH_MAX];
  int err = add_place(w, folder);
  if (err || depth == DEPTH_MAX) return err;
  if (uv_fs_scandir(NULL, &scan, folder, 0, NULL) >= 0)
    while (uv_fs_scandir_next(&scan, &entry) == 0)
      if (entry.type == UV_DIRENT_DIR && *entry.name != '.' &&
          snprintf(path, sizeof path, "%s/%s", folder, entry.name) < (int)sizeof path)
        add_folders(w, path, depth + 1);
  uv_fs_req_cleanup(&scan);
  return 0;
}

/* The new ones first: what is the same folder is watched without a gap. */
static int look_up_places(struct watch *w) {
  struct place *before = w->places;
  w->places = NULL;
  int err = w->folder ? add_folders(w, w->folder, 0) : 0;
  if (!err && w->beside) err = add_place(w, w->beside);
  close_places(err ? w->places : before);
  if (err) w->places = before;
  return err;
}

static void on_quiet(uv_timer_t *timer) {
  struct watch *w = timer->data;
  bool told = w->missing;
  w->missing = look_up_places(w) != 0;
  if (w->missing) uv_timer_start(timer, on_quiet, MISSING_MS, 0); /* it may come back */
  if (!w->missing || !told) w->on_change(w->ctx);
}

/* Editors replace files: the folder tells, the file itself would be lost. */
static char *folder_of(const char *file) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", file);
  return strdup(dirname(path));
}

int watch_open(uv_loop_t *loop, const char *folder, const char *file, unsigned quiet_ms,
               void (*on_change)(void *ctx), void *ctx, struct watch **out) {
  struct watch *w = calloc(1, sizeof *w);
  if (!w) return UV_ENOMEM;
  *w = (struct watch){.loop = loop, .quiet_ms = quiet_ms, .on_change = on_change, .ctx = ctx};
  uv_timer_init(loop, &w->quiet);
  w->quiet.data = w;
  if (folder) w->folder = strdup(folder);
  if (file) w->beside = folder_of(file);
  int err = (folder && !w->folder) || (file && !w->beside) ? UV_ENOMEM : look_up_places(w);
  if (err)
    watch_close(w);
  else
    *out = w;
  return err;
}

static void on_closed(uv_handle_t *handle) {
  struct watch *w = handle->data;
  free(w->folder);
  free(w->beside);
  free(w);
}

void watch_close(struct watch *w) {
  close_places(w->places);
  uv_close((uv_handle_t *)&w->quiet, on_closed);
}
