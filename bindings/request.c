/* SPDX-License-Identifier: MIT */
/*
 * Requests: what a handler sees, and how its answer goes back. The Lua box is emptied when the
 * answer is given, so that a script that keeps a request holds an error, not freed memory. Handlers
 * come wrapped by answer.lua and return status (false: none), list of header names and values,
 * body.
 */
#include "request.h"

#include "box.h"
#include "guard.h"
#include "log.h"
#include "server.h"
#include "task.h"
#include "task_source.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

int luaopen_request(lua_State *L);

#define REQUEST          "usher.request"
#define HEADERS_MAX      64
#define HEADER_BYTES_MAX 65536

struct request {
  struct exchange *exchange;
  struct request **box; /* NULL once Lua has collected it */
  struct request_list *list;
  int handler; /* registry reference */
  struct request *prev, *next;
};

static void unlink_request(struct request *r) {
  if (r->next) r->next->prev = r->prev;
  *(r->prev ? &r->prev->next : &r->list->first) = r->next;
  if (r->list->in_flight) atomic_fetch_sub(r->list->in_flight, 1);
}

/* headers has room for one more */
static void reply(struct exchange *e, const struct request_list *list, int status,
                  struct exchange_header *headers, size_t count, struct slice body) {
  static const char name[] = "X-Usher-Generation";
  const char *generation = list->generation;
  if (*generation)
    headers[count++] =
        (struct exchange_header){{name, sizeof name - 1}, {generation, strlen(generation)}};
  exchange_reply(e, status, headers, count, body.data, body.len);
}

/* The exchange for its reply; the box is empty from here on. */
static struct exchange *take_exchange(struct request *r) {
  struct exchange *e = r->exchange;
  if (r->box) *r->box = NULL;
  unlink_request(r);
  free(r);
  return e;
}

static void reply_plain(struct exchange *e, const struct request_list *list, int status,
                        const char *code, const char *message) {
  struct exchange_header headers[2] = {{{"Content-Type", 12}, {"application/json", 16}}};
  struct slice id = exchange_request_id(e);
  struct bytes body = {0};
  bytes_printf(&body, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"request_id\":\"%.*s\"}}",
               code, message, (int)id.len, id.data);
  reply(e, list, status, headers, 1, (struct slice){body.data, body.len});
  bytes_free(&body);
}

static struct slice string_at(lua_State *T, int index) {
  struct slice s = {"", 0};
  if (lua_type(T, index) == LUA_TSTRING) s.data = lua_tolstring(T, index, &s.len);
  return s;
}

/* An error that no traceback goes with. */
static void log_lost(const struct exchange *e, const char *problem, struct slice name) {
  char id[REQUEST_ID_MAX + 1];
  struct slice whole = exchange_request_id(e);
  size_t len = whole.len < REQUEST_ID_MAX ? whole.len : REQUEST_ID_MAX;
  memcpy(id, whole.data, len);
  id[len] = '\0';
  log_event(LOG_ERROR, "request_lost", "error", problem, "request_id", id,
            name.len ? "header" : NULL, name.data, NULL);
}

static void reply_fault(struct exchange *e, const struct request_list *list) {
  reply_plain(e, list, 500, "internal_error",
              "Something went wrong on our side. Please try again.");
}

/* Can it be sent? What cannot is logged. */
static bool check_headers(const struct exchange *e, const struct exchange_header *headers,
                          size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) {
    total += headers[i].name.len + headers[i].value.len;
    if (exchange_header_valid(headers[i].name, headers[i].value) && total <= HEADER_BYTES_MAX)
      continue;
    log_lost(e,
             total > HEADER_BYTES_MAX ? "the reply's headers are too large"
                                      : "the reply has a header that cannot be sent",
             headers[i].name);
    return false;
  }
  return true;
}

/* stack: status, {name, value, …}, body. Strings only, so nothing here can raise. */
static void reply_from_stack(lua_State *T, struct exchange *e, const struct request_list *list) {
  struct exchange_header headers[HEADERS_MAX + 1];
  size_t count = 0, fields = lua_rawlen(T, 2) / 2;
  if (fields > HEADERS_MAX) fields = HEADERS_MAX;
  for (; count < fields; count++) { /* the table keeps the strings alive */
    lua_rawgeti(T, 2, (lua_Integer)(2 * count + 1));
    headers[count].name = string_at(T, -1);
    lua_rawgeti(T, 2, (lua_Integer)(2 * count + 2));
    headers[count].value = string_at(T, -1);
    lua_pop(T, 2);
  }
  if (check_headers(e, headers, count))
    reply(e, list, (int)lua_tointeger(T, 1), headers, count, string_at(T, 3));
  else
    reply_fault(e, list);
}

static bool is_reply(lua_State *T) {
  return lua_isinteger(T, 1) && lua_istable(T, 2);
}

/* A box that is the request's only one from here on. */
static void push_box(lua_State *L, struct request *r) {
  struct request **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, REQUEST);
  if (r->box) *r->box = NULL;
  *box = r;
  r->box = box;
}

struct stopped {
  struct request *request;
  char *problem; /* NULL once it is in the reply */
};

/* answer.lua says what the script was stopped for, without the script. stack: struct stopped */
static int reply_stopped(lua_State *L) {
  struct stopped *s = lua_touserdata(L, 1);
  const struct request_list *list = s->request->list;
  lua_rawgeti(L, LUA_REGISTRYINDEX, s->request->handler);
  push_box(L, s->request);
  lua_pushstring(L, s->problem);
  lua_call(L, 2, 3);
  lua_remove(L, 1);
  if (!is_reply(L)) return 0;
  reply_from_stack(L, take_exchange(s->request), list);
  free(s->problem);
  s->problem = NULL;
  return 0;
}

/* -> has it been answered? */
static bool tell_stopped(lua_State *T, struct request *r) {
  lua_State *L = vm_of(T)->L;
  struct stopped s = {r, guard_report_text(L)};
  if (!s.problem) return false;
  lua_pushcfunction(L, reply_stopped);
  lua_pushlightuserdata(L, &s);
  if (guard_pcall(L, 1, 0) != LUA_OK) lua_pop(L, 1);
  bool told = !s.problem;
  free(s.problem);
  return told;
}

static void on_end(lua_State *T, int status, void *ctx) {
  const struct request_list *list = ((struct request *)ctx)->list;
  if (status == TASK_STOPPED && list->show_tracebacks && tell_stopped(T, ctx)) return;
  struct exchange *e = take_exchange(ctx);
  if (status == LUA_OK && is_reply(T) && lua_checkstack(T, 4)) {
    reply_from_stack(T, e, list);
    return;
  }
  if (status == LUA_OK && lua_isboolean(T, 1)) {
    exchange_abort(e);
    return;
  }
  const char *problem = status == TASK_STOPPED           ? NULL /* which was logged */
                        : lua_type(T, -1) == LUA_TSTRING ? lua_tostring(T, -1)
                                                         : "the handler gave no reply";
  if (problem) log_lost(e, problem, (struct slice){0});
  reply_fault(e, list);
}

static int start(lua_State *L) {
  struct request *r = lua_touserdata(L, 1);
  struct slice id = exchange_request_id(r->exchange);
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->handler);
  push_box(L, r);
  lua_pushvalue(L, -1);
  lua_insert(L, -3); /* stack: box, handler, box */
  struct task *task = task_start(L, 1, on_end, r);
  task_source_set(L, task);
  task_set_request_id(task, id.data, id.len);
  return 0;
}

void request_start(struct vm *vm, int handler, struct exchange *e, struct request_list *open) {
  struct request *r = calloc(1, sizeof *r);
  if (!r) {
    reply_plain(e, open, 503, "overloaded", "The server is busy. Please try again.");
    return;
  }
  r->exchange = e;
  r->list = open;
  r->handler = handler;
  r->next = open->first;
  if (r->next) r->next->prev = r;
  open->first = r;
  if (open->in_flight) atomic_fetch_add(open->in_flight, 1);
  lua_pushcfunction(vm->L, start);
  lua_pushlightuserdata(vm->L, r);
  if (lua_pcall(vm->L, 1, 0, 0) == LUA_OK) return;
  lua_pop(vm->L, 1);
  reply_plain(take_exchange(r), open, 503, "overloaded", "The server is busy. Please try again.");
}

void request_end_all(struct request_list *open) {
  while (open->first)
    reply_plain(take_exchange(open->first), open, 503, "try_again",
                "The server is stopping. Please try again.");
}

static struct exchange *check_exchange(lua_State *L) {
  struct request **box = luaL_checkudata(L, 1, REQUEST);
  if (!*box) luaL_error(L, "this request has been answered: nothing may be read from it any more");
  return (*box)->exchange;
}

static int push_slice(lua_State *L, struct slice s) {
  lua_pushlstring(L, s.data ? s.data : "", s.len);
  return 1;
}

/* req:header(name) -> the first value of that name, any case, or nil */
static int request_header(lua_State *L) {
  struct slice value;
  if (!exchange_header(check_exchange(L), luaL_checkstring(L, 2), &value)) return 0;
  return push_slice(L, value);
}

/* req:headers() -> list of { name, value } as sent */
static int request_headers(lua_State *L) {
  struct exchange *e = check_exchange(L);
  size_t n = exchange_header_count(e);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    struct exchange_header h = exchange_header_at(e, i);
    lua_createtable(L, 2, 0);
    push_slice(L, h.name);
    lua_rawseti(L, -2, 1);
    push_slice(L, h.value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* req:gone() -> whether nobody will read the answer any more */
static int request_gone(lua_State *L) {
  lua_pushboolean(L, exchange_gone(check_exchange(L)));
  return 1;
}

/* req:half_closed() -> whether the client will send no more: it may have left */
static int request_half_closed(lua_State *L) {
  lua_pushboolean(L, exchange_half_closed(check_exchange(L)));
  return 1;
}

static const struct {
  const char *name;
  struct slice (*get)(const struct exchange *);
} properties[] = {
    {"body", exchange_body},     {"id", exchange_request_id}, {"listener", exchange_listener},
    {"method", exchange_method}, {"path", exchange_path},     {"query_string", exchange_query},
    {"remote", exchange_remote}, {"target", exchange_target}, {"remote_key", exchange_remote_key},
};

/* req.method and the other strings; else a method, of C or of request_methods.lua (upvalue 1) */
static int request_index(lua_State *L) {
  const char *name = luaL_checkstring(L, 2);
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
    if (strcmp(properties[i].name, name) == 0)
      return push_slice(L, properties[i].get(check_exchange(L)));
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (strcmp(name, "query") == 0) { /* req.query: decoded when asked for */
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
  }
  return 1;
}

static int request_gc(lua_State *L) {
  struct request **box = luaL_checkudata(L, 1, REQUEST);
  if (*box) (*box)->box = NULL;
  *box = NULL;
  return 0;
}

static const luaL_Reg methods[] = {
    {"header", request_header},
    {"headers", request_headers},
    {"gone", request_gone},
    {"half_closed", request_half_closed},
    {NULL, NULL},
};

/* Returns the table of methods, so that request_methods.lua can add its own. */
int luaopen_request(lua_State *L) {
  box_type(L, REQUEST, request_gc, NULL);
  luaL_newlib(L, methods);
  luaL_getmetatable(L, REQUEST);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, request_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  return 1;
}
