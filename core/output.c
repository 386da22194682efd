/* SPDX-License-Identifier: MIT */
/* Standard error and standard output. Without output_never_block a line is one write, and no lock
 * is taken. After it nothing waits while the lock is held. */
#include "output.h"

#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static struct stream {
  int given, fd;     /* the process's, and what is written to */
  bool may_block;    /* a write can wait for the reader */
  bool has_writer;   /* a thread waits for the reader, and writes what is kept */
  size_t limit;      /* of what is kept, in bytes */
  struct bytes kept; /* may begin within a line */
  size_t done;       /* of kept: written */
} streams[] = {
    [OUTPUT_OUT] = {.given = STDOUT_FILENO, .limit = 64 << 10},
    [OUTPUT_ERR] = {.given = STDERR_FILENO, .limit = 1 << 20},
};
static struct stream *of[] = {&streams[OUTPUT_OUT], &streams[OUTPUT_ERR]};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool never_block;

/* Would a write do something? It fails, when nobody is there any more. */
static bool is_ready(int fd, int ms) {
  struct pollfd p = {fd, POLLOUT, 0};
  return poll(&p, 1, ms) > 0;
}

static bool write_waiting(int fd, const char *line, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, line, len);
    if (n < 0 && errno == EAGAIN)
      is_ready(fd, -1);
    else if (n <= 0 && errno != EINTR)
      return false;
    if (n > 0) line += n, len -= (size_t)n;
  }
  return true;
}

/* --- never waiting: with the lock ------------------------------------------------------------- */

/* O_NONBLOCK belongs to the open file, which the shell and others have, too: a pipe is opened once
 * more. Where that is not allowed, a pipe that is ready takes PIPE_BUF bytes at once. */
static void open_stream(struct stream *s) {
  struct stat st = {0};
  char path[32];
  if (s->fd != s->given && s->fd > STDERR_FILENO) close(s->fd);
  s->fd = -1;
  fstat(s->given, &st);
  snprintf(path, sizeof path, "/proc/self/fd/%d", s->given);
  if (S_ISFIFO(st.st_mode)) s->fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  s->may_block = s->fd < 0 && !S_ISREG(st.st_mode);
  if (s->fd < 0) s->fd = s->given;
}

/* 2>&1: a line of one must not come between the halves of the other's. */
static bool are_one(void) {
  struct stat out = {0}, err = {0};
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
         out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

void output_never_block(void) {
  pthread_mutex_lock(&lock);
  of[OUTPUT_OUT] = &streams[are_one() ? OUTPUT_ERR : OUTPUT_OUT];
  open_stream(&streams[OUTPUT_OUT]);
  open_stream(&streams[OUTPUT_ERR]);
  atomic_store(&never_block, true);
  pthread_mutex_unlock(&lock);
}

/* -> bytes that were taken, 0: none now, -1: nobody is there */
static ssize_t give(const struct stream *s, const char *data, size_t len) {
  if (s->may_block && !is_ready(s->fd, 0)) return 0;
  if (s->may_block && len > PIPE_BUF) len = PIPE_BUF;
  ssize_t n;
  do n = write(s->fd, data, len);
  while (n < 0 && errno == EINTR);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

/* -> bytes that were taken; *gone: nobody is there */
static size_t give_all(const struct stream *s, const char *data, size_t len, bool *gone) {
  size_t done = 0;
  while (done < len) {
    ssize_t n = give(s, data + done, len - done);
    *gone = n < 0;
    if (n <= 0) break;
    done += (size_t)n;
  }
  return done;
}

static void write_kept(struct stream *s) {
  bool gone = false;
  s->done += give_all(s, s->kept.data + s->done, s->kept.len - s->done, &gone);
  if (s->done < s->kept.len && !gone) return;
  bytes_free(&s->kept);
  s->done = 0;
}

static void *write_later(void *arg) {
  struct stream *s = arg;
  for (;;) {
    pthread_mutex_lock(&lock);
    write_kept(s);
    bool goes_on = s->has_writer = s->kept.len > 0;
    int fd = s->fd;
    pthread_mutex_unlock(&lock);
    if (!goes_on) return NULL;
    is_ready(fd, -1);
  }
}

/* Without memory for a thread the next line does its work. */
static void start_writer(struct stream *s) {
  pthread_attr_t detached;
  pthread_t thread;
  if (s->has_writer || pthread_attr_init(&detached)) return;
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  s->has_writer = pthread_create(&thread, &detached, write_later, s) == 0;
  pthread_attr_destroy(&detached);
}

/* is_begun: its first bytes have left, so that the rest must follow. */
static bool keep(struct stream *s, const char *data, size_t len, bool is_begun) {
  if (!is_begun && s->kept.len - s->done + len > s->limit) return false;
  if (s->done > s->kept.len / 2) {
    memmove(s->kept.data, s->kept.data + s->done, s->kept.len - s->done);
    s->kept.len -= s->done;
    s->done = 0;
  }
  if (bytes_append(&s->kept, data, len)) return false;
  start_writer(s);
  return true;
}

static bool write_or_keep(struct stream *s, const char *line, size_t len) {
  bool gone = false;
  size_t done = 0;
  if (!s->has_writer) write_kept(s);
  if (!s->kept.len) done = give_all(s, line, len, &gone);
  if (gone) return false;
  return done == len || keep(s, line + done, len - done, done > 0);
}

/* ---------------------------------------------------------------------------------------------- */

bool output_write(enum output which, const char *line, size_t len) {
  if (!atomic_load(&never_block)) return write_waiting(streams[which].given, line, len);
  pthread_mutex_lock(&lock);
  bool taken = write_or_keep(of[which], line, len);
  pthread_mutex_unlock(&lock);
  return taken;
}

bool output_is_behind(enum output which) {
  pthread_mutex_lock(&lock);
  bool behind = of[which]->kept.len > 0;
  pthread_mutex_unlock(&lock);
  return behind;
}

void output_flush(unsigned ms) {
  const uint64_t deadline = uv_hrtime() / 1000000 + ms;
  for (enum output which = OUTPUT_OUT; which <= OUTPUT_ERR; which++) {
    struct stream *s = of[which];
    while (output_is_behind(which)) {
      uint64_t now = uv_hrtime() / 1000000;
      if (now >= deadline) return;
      is_ready(s->fd, (int)(deadline - now));
      pthread_mutex_lock(&lock);
      write_kept(s);
      pthread_mutex_unlock(&lock);
    }
  }
}
