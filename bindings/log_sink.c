/* SPDX-License-Identifier: MIT */
/* Where bindings/log.lua hands its lines to core's log. */
#include "bytes.h"
#include "log.h"
#include "output.h"
#include "task.h"

#include <lauxlib.h>

static enum log_level check_level(lua_State *L, int index) {
  static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
  return (enum log_level)luaL_checkoption(L, index, NULL, levels);
}

/* log_sink.write(level, event, object): object is "" or a JSON object that has been redacted. */
static int log_sink_write(lua_State *L) {
  size_t len;
  enum log_level level = check_level(L, 1);
  const char *event = luaL_checkstring(L, 2), *object = luaL_optlstring(L, 3, "", &len);
  struct task *task = task_running(L);
  struct bytes members = {0};
  if (task && *task_request_id(task))
    bytes_printf(&members, "\"request_id\":\"%s\"", task_request_id(task));
  if (len > 2) {
    if (members.len) bytes_append(&members, ",", 1);
    bytes_append(&members, object + 1, len - 2); /* without its braces */
  }
  log_members(level, event, members.data, members.len);
  bytes_free(&members);
  return 0;
}

/* log_sink.wants(level) -> boolean */
static int log_sink_wants(lua_State *L) {
  lua_pushboolean(L, log_wants(check_level(L, 1)));
  return 1;
}

/* log_sink.redacts(name) -> boolean */
static int log_sink_redacts(lua_State *L) {
  lua_pushboolean(L, log_redacts(luaL_checkstring(L, 1)));
  return 1;
}

/* log_sink.out(line) -> true | false: it is lost, as nobody reads.
 * One line, whole, on standard output. */
static int log_sink_out(lua_State *L) {
  size_t len;
  luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  lua_pushliteral(L, "\n");
  lua_concat(L, 2);
  const char *line = lua_tolstring(L, 1, &len);
  lua_pushboolean(L, output_write(OUTPUT_OUT, line, len));
  return 1;
}

static const luaL_Reg functions[] = {
    {"write", log_sink_write},
    {"wants", log_sink_wants},
    {"redacts", log_sink_redacts},
    {"out", log_sink_out},
    {NULL, NULL},
};

int luaopen_log_sink(lua_State *L);
int luaopen_log_sink(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
