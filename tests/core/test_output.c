/* SPDX-License-Identifier: MIT */
/* Lines to standard output and error: whole and in order; a server never waits
 * for who reads them. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "unit.h"

#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static const int given[] = {STDOUT_FILENO, STDERR_FILENO};

/* One stream of the process, while its lines are caught. */
struct catch {
  enum output which;
  int saved, in;
};

static struct catch catch_start(enum output which, int out, int in) {
  struct catch c = {which, dup(given[which]), in};
  dup2(out, given[which]);
  close(out);
  return c;
}

/* The smallest pipe there is */
static struct catch catch_pipe(enum output which) {
  int pair[2];
  assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
  assert_true(fcntl(pair[1], F_SETPIPE_SZ, 4096) > 0);
  return catch_start(which, pair[1], pair[0]);
}

static struct catch catch_socket(enum output which) {
  int pair[2], size = 8192;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return catch_start(which, pair[1], pair[0]);
}

static void catch_end(struct catch *c) {
  dup2(c->saved, given[c->which]);
  close(c->saved);
  if (c->in >= 0) close(c->in);
  output_never_block(); /* what was written to is closed */
}

static size_t line_of(char *line, size_t size, int number, size_t width) {
  int n = snprintf(line, size, "%d ", number);
  memset(line + n, 'x', width);
  line[(size_t)n + width] = '\n';
  return (size_t)n + width + 1;
}

/* --- a command ------------------------------------------------------------------------------- */

enum { MANY = 3000, WIDTH = 100 };

struct reader {
  int fd, lines;
};

static void read_all(void *arg) {
  struct reader *r = arg;
  FILE *in = fdopen(dup(r->fd), "r");
  for (char line[1024]; fgets(line, sizeof line, in); r->lines++)
    if (atoi(line) != r->lines) break;
  fclose(in);
}

/* Also where somebody else has made it non-blocking. */
static void test_a_command_waits(void **state) {
  (void)state;
  for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
    struct catch c = catch_pipe(OUTPUT_OUT);
    struct reader r = {.fd = c.in};
    uv_thread_t thread;
    char line[WIDTH + 20];
    if (nonblocking) fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    assert_int_equal(uv_thread_create(&thread, read_all, &r), 0);
    for (int i = 0; i < MANY; i++)
      assert_true(output_write(OUTPUT_OUT, line, line_of(line, sizeof line, i, WIDTH)));
    assert_false(output_is_behind(OUTPUT_OUT));
    dup2(c.saved, STDOUT_FILENO);
    uv_thread_join(&thread);
    assert_int_equal(r.lines, MANY);
    close(c.saved), close(c.in);
  }
}

/* --- a server -------------------------------------------------------------------------------- */

/* Reads until the writer has nothing more: lines must be whole and in order -> how many */
static int read_kept(const struct catch *c, int first, size_t width) {
  char line[20000], expected[20000];
  int n = first;
  for (;; n++) {
    size_t len = line_of(expected, sizeof expected, n, width), got = 0;
    while (got < len) {
      struct pollfd p = {c->in, POLLIN, 0};
      if (!got && !output_is_behind(c->which) && poll(&p, 1, 0) == 0) return n - first;
      ssize_t some = read(c->in, line + got, len - got);
      assert_true(some > 0);
      got += (size_t)some;
    }
    assert_memory_equal(line, expected, len);
  }
}

static int fill(enum output which, int first, size_t width) {
  char line[20000];
  int n = first;
  while (output_write(which, line, line_of(line, sizeof line, n, width))) n++;
  return n - first;
}

/* What is taken arrives, and nothing else; then all is as before. */
static void test_a_server_never_waits(void **state) {
  (void)state;
  static const struct {
    struct catch (*start)(enum output);
    enum output which;
    size_t width;
    int least, most;
  } rows[] = {
      {catch_pipe, OUTPUT_ERR, 100, 9000, 11000},   {catch_pipe, OUTPUT_ERR, 15000, 68, 72},
      {catch_pipe, OUTPUT_OUT, 100, 600, 700},      {catch_pipe, OUTPUT_OUT, 15000, 4, 6},
      {catch_socket, OUTPUT_ERR, 100, 9000, 11000}, {catch_socket, OUTPUT_OUT, 15000, 4, 6},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct catch c = rows[i].start(rows[i].which);
    output_never_block();
    int taken = fill(rows[i].which, 0, rows[i].width);
    if (taken < rows[i].least || taken > rows[i].most) fail_msg("row %zu: %d lines", i, taken);
    assert_true(output_is_behind(rows[i].which));
    assert_int_equal(read_kept(&c, 0, rows[i].width), taken);
    char line[200];
    assert_true(output_write(rows[i].which, line, line_of(line, sizeof line, 7, 5)));
    assert_int_equal(read_kept(&c, 7, 5), 1);
    catch_end(&c);
  }
}

static void test_a_line_longer_than_the_pipe(void **state) {
  (void)state;
  struct catch c = catch_pipe(OUTPUT_OUT);
  size_t len = 300000;
  char *line = malloc(len), *got = malloc(len);
  memset(line, 'x', len);
  line[len - 1] = '\n';
  output_never_block();
  assert_true(output_write(OUTPUT_OUT, line, len));
  assert_false(output_write(OUTPUT_OUT, line, len));
  for (size_t done = 0; done < len;) {
    ssize_t n = read(c.in, got + done, len - done);
    assert_true(n > 0);
    done += (size_t)n;
  }
  assert_memory_equal(got, line, len);
  free(line), free(got);
  catch_end(&c);
}

/* The descriptor that the shell has, too, stays as it was. */
static void test_the_given_one_is_left_alone(void **state) {
  (void)state;
  struct catch c = catch_pipe(OUTPUT_ERR);
  output_never_block();
  assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
  catch_end(&c);
}

static void test_nobody_is_there(void **state) {
  (void)state;
  for (int kept = 0; kept < 2; kept++) {
    struct catch c = catch_pipe(OUTPUT_ERR);
    output_never_block();
    if (kept) fill(OUTPUT_ERR, 0, 1000);
    close(c.in);
    c.in = -1;
    output_flush(600000);
    assert_false(output_write(OUTPUT_ERR, "x\n", 2));
    assert_false(output_is_behind(OUTPUT_ERR));
    catch_end(&c);
  }
}

static void test_flush_ends(void **state) {
  (void)state;
  struct catch c = catch_pipe(OUTPUT_ERR);
  output_never_block();
  int taken = fill(OUTPUT_ERR, 0, 100);
  output_flush(0);
  output_flush(1);
  assert_true(output_is_behind(OUTPUT_ERR));
  struct reader r = {.fd = c.in};
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, read_all, &r), 0);
  output_flush(600000);
  assert_false(output_is_behind(OUTPUT_ERR));
  int in = c.in;
  c.in = -1;
  catch_end(&c);
  uv_thread_join(&thread);
  close(in);
  assert_int_equal(r.lines, taken);
}

/* --- both at once, from many threads ---------------------------------------------------------- */

enum { THREADS = 4, LINES = 500 };

static void write_lines(void *arg) {
  char line[300];
  memset(line, *(const char *)arg, sizeof line);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < LINES; i++)
    assert_true(output_write(i % 16 ? OUTPUT_ERR : OUTPUT_OUT, line, sizeof line));
}

static void count_letters(void *arg) {
  int *counts = arg, fd = counts[THREADS];
  FILE *in = fdopen(fd, "r");
  for (char line[1024]; fgets(line, sizeof line, in);)
    counts[*line - 'a'] += strspn(line, (char[]){*line, '\0'}) == 299;
  fclose(in);
}

/* Both streams are one pipe, and its reader is slow. */
static void test_threads(void **state) {
  (void)state;
  static const char letters[] = "abcd";
  struct catch c = catch_pipe(OUTPUT_ERR);
  struct catch other = catch_start(OUTPUT_OUT, dup(STDERR_FILENO), -1);
  int counts[THREADS + 1] = {[THREADS] = c.in};
  uv_thread_t threads[THREADS], reader;
  output_never_block();
  assert_int_equal(uv_thread_create(&reader, count_letters, counts), 0);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], write_lines, (void *)&letters[i]), 0);
  for (int i = 0; i < THREADS; i++) uv_thread_join(&threads[i]);
  output_flush(600000);
  c.in = -1;
  catch_end(&other);
  catch_end(&c);
  uv_thread_join(&reader);
  for (int i = 0; i < THREADS; i++) assert_int_equal(counts[i], LINES);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_command_waits), /* before the first output_never_block */
      cmocka_unit_test(test_a_server_never_waits),
      cmocka_unit_test(test_a_line_longer_than_the_pipe),
      cmocka_unit_test(test_the_given_one_is_left_alone),
      cmocka_unit_test(test_nobody_is_there),
      cmocka_unit_test(test_flush_ends),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
