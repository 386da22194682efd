/* SPDX-License-Identifier: MIT */
/*
 * One POSIX timer a thread, on the thread's own CPU clock, whose signal goes to that thread alone:
 * nothing is shared, so nothing can race. The intervals vary: nobody can wait at every tick.
 */
#define _GNU_SOURCE /* SIGEV_THREAD_ID */
#include "watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#ifdef __has_feature
#define CLANG_TSAN __has_feature(thread_sanitizer)
#else
#define CLANG_TSAN 0
#endif

/* ThreadSanitizer holds signals back until the next call of libc,
 * which an endless loop never makes; not this one. */
#if defined __SANITIZE_THREAD__ || CLANG_TSAN
#define WATCHDOG_SIGNAL SIGTRAP
#else
#define WATCHDOG_SIGNAL SIGVTALRM
#endif

static _Atomic(watchdog_tick) tick;

static _Thread_local struct {
  timer_t timer;
  unsigned opened;
  uint32_t random;
} mine;

/* The system call itself: the sanitizer stands before the function of libc. */
WATCHDOG_HANDLER static uint64_t cpu_now(void) {
  struct timespec t;
  syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

WATCHDOG_HANDLER static void arm(void) {
  mine.random ^= mine.random << 13; /* xorshift */
  mine.random ^= mine.random >> 17;
  mine.random ^= mine.random << 5;
  long ns = WATCHDOG_TICK_NS / 2 + (long)(mine.random % WATCHDOG_TICK_NS);
  timer_settime(mine.timer, 0, &(struct itimerspec){.it_value = {0, ns}}, NULL);
}

WATCHDOG_HANDLER static void on_signal(int number) {
  int kept = errno;
  (void)number;
  if (mine.opened) {
    watchdog_tick on_tick = tick;
    on_tick(cpu_now());
    arm();
  }
  errno = kept;
}

static int install(watchdog_tick on_tick) {
  sigset_t set;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  tick = on_tick;
  sigemptyset(&action.sa_mask);
  if (sigaction(WATCHDOG_SIGNAL, &action, NULL)) return uv_translate_sys_error(errno);
  sigemptyset(&set);
  sigaddset(&set, WATCHDOG_SIGNAL);
  return uv_translate_sys_error(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
}

static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

int watchdog_open(watchdog_tick on_tick) {
  if (mine.opened++) return 0;
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WATCHDOG_SIGNAL};
  event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
  pthread_mutex_lock(&installing);
  int err = install(on_tick);
  pthread_mutex_unlock(&installing);
  if (!err && timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &mine.timer))
    err = uv_translate_sys_error(errno);
  if (err) {
    mine.opened = 0;
    return err;
  }
  mine.random = (uint32_t)uv_hrtime() | 1;
  arm();
  return 0;
}

void watchdog_close(void) {
  if (--mine.opened == 0) timer_delete(mine.timer);
}
