/* SPDX-License-Identifier: MIT */
/* What was stopped, and for what: in the log, in the metrics, and in words for a person. */
#include "guard_state.h"

#include "bytes.h"
#include "log.h"
#include "metrics.h"

#include <stdio.h>
#include <string.h>

static const char *limit_setting(enum limit limit) {
  static const char *const names[] = {
      [LIMIT_NONE] = "",
      [LIMIT_SLICE] = "scripts.slice",
      [LIMIT_CPU] = "scripts.cpu",
      [LIMIT_LOAD] = "scripts.load",
      [LIMIT_WALL_TIME] = "scripts.wall_time",
  };
  return names[limit];
}

static double limit_seconds(const struct guard *g, enum limit limit) {
  switch (limit) {
  case LIMIT_SLICE: return (double)g->max.slice / 1e9;
  case LIMIT_CPU: return (double)g->max.cpu / 1e9;
  case LIMIT_LOAD: return (double)g->max.load / 1e9;
  case LIMIT_WALL_TIME: return (double)g->max.wall_ms / 1e3;
  case LIMIT_NONE: break;
  }
  return 0;
}

void guard_report(struct guard *g, enum limit limit, const char *request_id, lua_State *T) {
  char labels[48], at[256];
  const char *setting = limit_setting(limit);
  struct guard_frame frame = {T, NULL};
  g->reported = limit;
  if (T) guard_note_where(&frame, g->where, sizeof g->where);
  snprintf(at, sizeof at, "%.*s", (int)strcspn(g->where, "\n"), g->where);
  snprintf(labels, sizeof labels, "limit=\"%s\"", setting + strlen("scripts."));
  metrics_count("usher_scripts_stopped_total", labels, 1);
  log_event(LOG_ERROR, "script_stopped", "setting", setting,
            LOG_NUMBER("seconds", limit_seconds(g, limit)), "at", at, "request_id", request_id,
            "traceback", g->where, NULL);
}

/* "file:line: what it was stopped for" */
static void say_stopped(const struct guard *g, enum limit limit, char *out, size_t size) {
  snprintf(out, size, "%.*s: stopped after %g s%s (%s)", (int)strcspn(g->where, "\n"), g->where,
           limit_seconds(g, limit), limit == LIMIT_WALL_TIME ? "" : " of CPU time",
           limit_setting(limit));
}

char *guard_report_text(lua_State *L) {
  struct guard *g = guard_in(L);
  char line[512];
  struct bytes text = {0};
  say_stopped(g, g->reported, line, sizeof line);
  bytes_printf(&text, "%s%s", line, g->where + strcspn(g->where, "\n"));
  return text.data;
}

const char *guard_error_text(lua_State *L) {
  static _Thread_local char text[512];
  struct guard *g = guard_in(L);
  const char *error = vm_error_text(L);
  if (g->stop) {
    say_stopped(g, (enum limit)g->stop, text, sizeof text);
    return text;
  }
  if (guard_memory_over(g) == WITHIN || !strstr(error, "not enough memory")) return error;
  snprintf(text, sizeof text, "%s: not enough memory (scripts.memory is %zu bytes)", g->memory.at,
           g->max.memory);
  return text;
}
