/* SPDX-License-Identifier: MIT */
/* Lua's `terminal` module, for `usher repl`: bytes from standard input without holding the loop, a
 * terminal's raw mode, and one piece of Lua at a time that Ctrl-C stops. There is one terminal: its
 * settings are restored when the process ends. A hook stays on the tasks of each piece; it looks
 * whether theirs has been interrupted. */
#include "box.h"
#include "task.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL "usher.terminal"
enum { GLANCE = 10000 /* instructions between two looks */, CHUNK = 4096 };

struct terminal {
  uv_poll_t poll;
  uv_async_t woken; /* by the signal */
  bool polls;       /* false: a file, whose reads do not wait */
  unsigned handles;
  struct task *reader; /* waits for bytes */
  struct task *waiter; /* waits for the piece that runs */
  unsigned piece;      /* the last that was started */
  bool ended;
};

static struct termios usual;
static bool is_raw;
static atomic_uint running, interrupted; /* numbers of pieces; 0: none */
static struct terminal *volatile open_terminal;

/* --- the terminal's settings ----------------------------------------------------------------- */

static void restore(void) {
  if (is_raw) tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
  is_raw = false;
}

/* terminal:raw(on): every key by itself and without echo, or as usual again. Does not yield. */
static int terminal_raw(lua_State *L) {
  restore();
  if (!lua_toboolean(L, 2) || tcgetattr(STDIN_FILENO, &usual)) return 0;
  struct termios raw = usual;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  return 0;
}

/* terminal:columns() -> how many there are. Does not yield. */
static int terminal_columns(lua_State *L) {
  struct winsize size = {0};
  int err = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  lua_pushinteger(L, err || !size.ws_col ? 80 : size.ws_col);
  return 1;
}

/* --- reading --------------------------------------------------------------------------------- */

static struct terminal *check_terminal(lua_State *L) {
  struct terminal **box = luaL_checkudata(L, 1, TERMINAL);
  if (!*box) luaL_error(L, "the terminal is closed");
  return *box;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct terminal *t = poll->data;
  (void)status, (void)events;
  struct task *reader = t->reader;
  t->reader = NULL;
  uv_poll_stop(&t->poll);
  if (reader) task_wake(reader);
}

static int push_bytes(lua_State *T) {
  char bytes[CHUNK];
  ssize_t n;
  do n = read(STDIN_FILENO, bytes, sizeof bytes);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return 0;
  lua_pushlstring(T, bytes, (size_t)n);
  return 1;
}

static int terminal_readable(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  return push_bytes(T);
}

/* terminal:read() -> bytes | nil at the end. Yields. */
static int terminal_read(lua_State *T) {
  struct terminal *t = check_terminal(T);
  if (!t->polls) return push_bytes(T);
  t->reader = task_current(T);
  int err = uv_poll_start(&t->poll, UV_READABLE, on_readable);
  if (err) return luaL_error(T, "standard input: %s", uv_strerror(err));
  return task_await(T, terminal_readable, 0);
}

/* --- running --------------------------------------------------------------------------------- */

/* The number of the piece whose task this is; its children have it, too.
 * A coroutine of its own is the last one's. */
static unsigned piece_of(lua_State *T) {
  const struct task *task = task_running(T);
  if (!task) return open_terminal ? open_terminal->piece : 0;
  return (unsigned)strtoul(task_request_id(task), NULL, 10);
}

static void on_hook(lua_State *T, lua_Debug *ar) {
  (void)ar;
  unsigned piece = piece_of(T);
  if (!piece || piece > atomic_load(&interrupted)) return;
  lua_sethook(T, on_hook, LUA_MASKCOUNT, 1); /* whoever catches this meets it again at once */
  luaL_error(T, "interrupted");
}

/* A second time ends the process: what runs does not look. */
static void on_signal(int number) {
  unsigned piece = atomic_load(&running);
  if (!piece || atomic_load(&interrupted) >= piece) {
    restore();
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  atomic_store(&interrupted, piece);
  uv_async_send(&open_terminal->woken);
}

static void wake_waiter(struct terminal *t) {
  struct task *waiter = t->waiter;
  t->waiter = NULL;
  if (waiter) task_wake(waiter);
}

static void on_woken(uv_async_t *async) {
  wake_waiter(async->data);
}

static void tell(lua_State *T, int status) {
  char *text = task_error_text(T, status);
  fprintf(stderr, "%s\n", text ? text : NO_MEMORY);
  free(text);
}

static void on_piece_end(lua_State *T, int status, void *ctx) {
  struct terminal *t = open_terminal;
  if (!t || t->piece != (unsigned)(uintptr_t)ctx) return;
  bool stopped = status != LUA_OK && atomic_load(&interrupted) >= t->piece;
  if (status != LUA_OK && !stopped) tell(T, status); /* what no xpcall sees */
  t->ended = !stopped;
  wake_waiter(t);
}

static int terminal_ran(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  struct terminal *t = check_terminal(T);
  struct sigaction usual_action = {.sa_handler = SIG_DFL};
  atomic_store(&running, 0);
  sigaction(SIGINT, &usual_action, NULL);
  lua_pushboolean(T, t->ended);
  return 1;
}

/* terminal:run(fn) -> true when fn has ended, false when Ctrl-C came first: then fn is left alone,
 * and stopped as soon as it runs again. fn is a task of its own,
 * and catches its errors itself. Yields. */
static int terminal_run(lua_State *T) {
  struct terminal *t = check_terminal(T);
  struct sigaction action = {.sa_handler = on_signal};
  char id[24];
  luaL_checktype(T, 2, LUA_TFUNCTION);
  lua_settop(T, 2);
  t->waiter = task_current(T);
  t->ended = false;
  t->piece++;
  lua_sethook(T, on_hook, LUA_MASKCOUNT, GLANCE); /* a new coroutine takes its maker's hook */
  struct task *piece = task_start(T, 0, on_piece_end, (void *)(uintptr_t)t->piece);
  lua_sethook(T, NULL, 0, 0);
  snprintf(id, sizeof id, "%u", t->piece);
  task_set_request_id(piece, id, strlen(id));
  atomic_store(&running, t->piece);
  sigaction(SIGINT, &action, NULL);
  return task_await(T, terminal_ran, 0);
}

/* --- the module ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle) {
  struct terminal *t = handle->data;
  if (--t->handles == 0) free(t);
}

static int terminal_gc(lua_State *L) {
  struct terminal **box = luaL_checkudata(L, 1, TERMINAL), *t = *box;
  *box = NULL;
  if (!t) return 0;
  open_terminal = NULL;
  restore();
  if (t->polls) uv_close((uv_handle_t *)&t->poll, on_closed);
  uv_close((uv_handle_t *)&t->woken, on_closed);
  return 0;
}

/* terminal.open() -> terminal: standard input. Does not yield. */
static int terminal_open(lua_State *L) {
  if (open_terminal) return luaL_error(L, "the terminal is open already");
  uv_loop_t *loop = vm_of(L)->settings.loop;
  struct terminal **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, TERMINAL);
  struct terminal *t = calloc(1, sizeof *t);
  if (!t || uv_async_init(loop, &t->woken, on_woken)) {
    free(t);
    return box_no_memory(L);
  }
  *box = open_terminal = t;
  uv_unref((uv_handle_t *)&t->woken);
  t->polls = uv_poll_init(loop, &t->poll, STDIN_FILENO) == 0; /* not for a file */
  t->woken.data = t->poll.data = t;
  t->handles = t->polls ? 2 : 1;
  atexit(restore);
  return 1;
}

/* terminal.is_one() -> are standard input and output a terminal? Does not yield. */
static int terminal_is_one(lua_State *L) {
  const char *kind = getenv("TERM");
  bool dumb = kind && strcmp(kind, "dumb") == 0;
  lua_pushboolean(L, !dumb && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
  return 1;
}

static const luaL_Reg methods[] = {
    {"columns", terminal_columns}, {"raw", terminal_raw}, {"read", terminal_read},
    {"run", terminal_run},         {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"is_one", terminal_is_one},
    {"open", terminal_open},
    {NULL, NULL},
};

int luaopen_terminal(lua_State *L);
int luaopen_terminal(lua_State *L) {
  box_type(L, TERMINAL, terminal_gc, methods);
  luaL_newlib(L, functions);
  return 1;
}
