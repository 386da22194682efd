/* SPDX-License-Identifier: MIT */
/* inotify through uv_fs_event, one for each folder; folders that appear later are found after each burst. */
#include "watch.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

struct place {
  uv_fs_event_t event; /* first: freed in its close callback */
  struct place *next;
  char path[];
};

struct watch {
  uv_loop_t *loop;
  uv_timer_t quiet;
  unsigned quiet_ms;
  char *folder;
  struct place *places;
  void (*on_change)(void *ctx);
  void *ctx;
};

static void on_event(uv_fs_event_t *event, const char *name, int events, int status) {
  (void)events, (void)status;
  struct watch *w = event->data;
  if (name && *name == '.') return; /* an editor's swap file */
  uv_timer_start(&w->quiet, w->quiet.timer_cb, w->quiet_ms, 0);
}

static bool is_watched(const struct watch *w, const char *path) {
  for (const struct place *p = w->places; p; p = p->next)
    if (strcmp(p->path, path) == 0) return true;
  return false;
}

static void on_place_closed(uv_handle_t *handle) {
  free(handle);
}

static int add_place(struct watch *w, const char *path) {
  size_t size = strlen(path) + 1;
  struct place *p = calloc(1, sizeof *p + size);
  if (!p) return UV_ENOMEM;
  memcpy(p->path, path, size);
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
  int err = is_watched(w, folder) ? 0 : add_place(w, folder);
  if (err || depth == DEPTH_MAX) return err;
  if (uv_fs_scandir(NULL, &scan, folder, 0, NULL) >= 0)
    while (uv_fs_scandir_next(&scan, &entry) == 0)
      if (entry.type == UV_DIRENT_DIR && *entry.name != '.' &&
          snprintf(path, sizeof path, "%s/%s", folder, entry.name) < (int)sizeof path)
        add_folders(w, path, depth + 1);
  uv_fs_req_cleanup(&scan);
  return 0;
}

static void on_quiet(uv_timer_t *timer) {
  struct watch *w = timer->data;
  if (w->folder) add_folders(w, w->folder, 0);
  w->on_change(w->ctx);
}

int watch_open(uv_loop_t *loop, const char *folder, const char *file, unsigned quiet_ms,
               void (*on_change)(void *ctx), void *ctx, struct watch **out) {
  struct watch *w = calloc(1, sizeof *w);
  if (!w) return UV_ENOMEM;
  *w = (struct watch){.loop = loop, .quiet_ms = quiet_ms, .on_change = on_change, .ctx = ctx};
  uv_timer_init(loop, &w->quiet);
  w->quiet.data = w;
  uv_timer_start(&w->quiet, on_quiet, 0, 0);
  uv_timer_stop(&w->quiet); /* on_event starts it with the callback it knows from here */
  int err = 0;
  if (folder && !(w->folder = strdup(folder))) err = UV_ENOMEM;
  if (!err && folder) err = add_folders(w, folder, 0);
  if (!err && file) { /* editors replace files: the folder tells, the file itself would be lost */
    char *path = strdup(file), *slash = path ? strrchr(path, '/') : NULL;
    if (slash) *slash = '\0';
    err = !path ? UV_ENOMEM : add_place(w, slash ? path : ".");
    free(path);
  }
  if (err)
    watch_close(w);
  else
    *out = w;
  return err;
}

static void on_closed(uv_handle_t *handle) {
  struct watch *w = handle->data;
  free(w->folder);
  free(w);
}

void watch_close(struct watch *w) {
  while (w->places) {
    struct place *p = w->places;
    w->places = p->next;
    uv_close((uv_handle_t *)&p->event, on_place_closed);
  }
  uv_close((uv_handle_t *)&w->quiet, on_closed);
}
