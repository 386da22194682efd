/* SPDX-License-Identifier: MIT */
/* Virtual time and Lua's `virtual` module, for testing.lua: where usher serves, there is none. */
#include "virtual.h"

#include "box.h"
#include "digest.h"
#include "limiter.h"
#include "secret_handle.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMITS = 4096, PARTS_MAX = 10000 };

struct virtual {
  bool on;
  double began_at;         /* the time of day when the clock showed `began` */
  uint64_t began, elapsed; /* the monotonic clock, in nanoseconds */
  struct alarm *waiting;   /* soonest first; of two at once, the older */
  uint64_t seed, blocks;   /* randomness: so many blocks of it are spent */
  struct limiter *limiter;
};

static bool is_on(const struct vm *vm) {
  return vm->virtual && vm->virtual->on;
}

double virtual_now(const struct vm *vm) {
  const struct virtual *v = vm->virtual;
  if (is_on(vm)) return v->began_at + (double)(v->elapsed - v->began) / 1e9;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
}

uint64_t virtual_monotonic(const struct vm *vm) {
  return is_on(vm) ? vm->virtual->elapsed : uv_hrtime();
}

struct limiter *virtual_limiter(struct vm *vm) {
  if (!is_on(vm)) return NULL;
  if (!vm->virtual->limiter) vm->virtual->limiter = limiter_new(LIMITS);
  return vm->virtual->limiter;
}

/* The SHA-256 of seed and number is the next block; a rest of it is not used. */
void virtual_random(struct vm *vm, void *out, size_t len) {
  unsigned char block[DIGEST_SIZE], *at = out;
  if (!is_on(vm)) {
    digest_random(out, len);
    return;
  }
  while (len) {
    uint64_t words[2] = {vm->virtual->seed, vm->virtual->blocks++};
    size_t n = len < sizeof block ? len : sizeof block;
    if (digest_sha256(words, sizeof words, block))
      abort(); /* as digest_random does without memory */
    memcpy(at, block, n);
    at += n;
    len -= n;
  }
}

void virtual_close(struct vm *vm) {
  if (!vm->virtual) return;
  limiter_free(vm->virtual->limiter);
  free(vm->virtual);
  vm->virtual = NULL;
}

/* --- alarms --------------------------------------------------------------------------------- */

void alarm_init(struct alarm *alarm, struct vm *vm) {
  uv_timer_init(vm->settings.loop, &alarm->timer);
  alarm->vm = vm;
}

static void on_timer(uv_timer_t *timer) {
  struct alarm *alarm = (struct alarm *)timer;
  alarm->ring(alarm);
}

static void enqueue(struct alarm *alarm, double seconds) {
  struct virtual *v = alarm->vm->virtual;
  struct alarm **at = &v->waiting;
  alarm->at = v->elapsed + (uint64_t)ceil(seconds * 1e9);
  alarm->waits = true;
  while (*at && (*at)->at <= alarm->at) at = &(*at)->next;
  alarm->next = *at;
  *at = alarm;
}

void alarm_start(struct alarm *alarm, double seconds, void (*ring)(struct alarm *alarm)) {
  alarm_stop(alarm);
  alarm->ring = ring;
  if (is_on(alarm->vm)) {
    enqueue(alarm, seconds);
    return;
  }
  uv_update_time(alarm->vm->settings.loop); /* or the time this task has spent would count */
  uv_timer_start(&alarm->timer, on_timer, (uint64_t)ceil(seconds * 1000), 0);
}

void alarm_stop(struct alarm *alarm) {
  uv_timer_stop(&alarm->timer);
  if (!alarm->waits) return;
  struct alarm **at = &alarm->vm->virtual->waiting;
  while (*at != alarm) at = &(*at)->next;
  *at = alarm->next;
  alarm->waits = false;
}

void alarm_close(struct alarm *alarm, uv_close_cb on_closed) {
  alarm_stop(alarm);
  uv_close((uv_handle_t *)&alarm->timer, on_closed);
}

bool virtual_step(struct vm *vm) {
  struct alarm *alarm = is_on(vm) ? vm->virtual->waiting : NULL;
  if (!alarm) return false;
  if (alarm->at > vm->virtual->elapsed) vm->virtual->elapsed = alarm->at;
  alarm_stop(alarm);
  alarm->ring(alarm);
  return true;
}

/* --- Lua ------------------------------------------------------------------------------------ */

/* virtual.start(now, seed): from here on, time is virtual and begins at `now` (seconds since 1970);
 * randomness is the seed's; limits are forgotten. Does not yield. */
static int virtual_start(lua_State *L) {
  struct vm *vm = vm_of(L);
  lua_Number now = luaL_checknumber(L, 1);
  lua_Integer seed = luaL_checkinteger(L, 2);
  if (!vm->settings.trusted && !vm->settings.proving)
    return luaL_error(L, "worlds are for specs: under `usher test`, and when a set is proven");
  if (!vm->virtual) vm->virtual = calloc(1, sizeof *vm->virtual);
  struct virtual *v = vm->virtual;
  if (!v) return box_no_memory(L);
  if (!v->on) v->elapsed = uv_hrtime();
  v->on = true;
  v->began = v->elapsed;
  v->began_at = now;
  v->seed = (uint64_t)seed;
  v->blocks = 0;
  limiter_free(v->limiter);
  v->limiter = NULL;
  return 0;
}

/* virtual.stop(): time is real again; what waited for the other goes on now. Does not yield. */
static int virtual_stop(lua_State *L) {
  struct vm *vm = vm_of(L);
  while (virtual_step(vm))
    ;
  if (vm->virtual) vm->virtual->on = false;
  return 0;
}

static void add_text(lua_State *L, luaL_Buffer *b, int index) {
  if (secret_test(L, index) && !secret_is_known(L, index))
    luaL_error(L, "a world has secrets of its own: it is not told this one");
  size_t len;
  const char *text = secret_or_string(L, index, &len);
  luaL_addlstring(b, text, len);
}

/* virtual.text(string|secret|list of them) -> string: what http.fetch would send. Secrets that Lua
 * made only: those of a world, never those that the settings named. Does not yield. */
static int virtual_text(lua_State *L) {
  luaL_Buffer b;
  lua_settop(L, 1);
  if (!lua_istable(L, 1)) {
    luaL_buffinit(L, &b);
    add_text(L, &b, 1);
    luaL_pushresult(&b);
    return 1;
  }
  lua_Unsigned parts = lua_rawlen(L, 1);
  luaL_argcheck(L, parts <= PARTS_MAX, 1, "too many parts");
  int n = (int)parts;
  luaL_checkstack(L, n + LUA_MINSTACK, "too many parts");
  for (int i = 1; i <= n; i++) lua_rawgeti(L, 1, i);
  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) add_text(L, &b, 1 + i);
  luaL_pushresult(&b);
  return 1;
}

static const luaL_Reg functions[] = {
    {"start", virtual_start},
    {"stop", virtual_stop},
    {"text", virtual_text},
    {NULL, NULL},
};

int luaopen_virtual(lua_State *L);
int luaopen_virtual(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
