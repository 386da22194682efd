/* SPDX-License-Identifier: MIT */
/* Under ThreadSanitizer alone: libuv closes with syscall(2), where the sanitizer looks at close(2). It would hold that the
 * number still belongs to the thread that got it first, and name a race when the kernel gives it to another. Linked into
 * each program with --wrap=syscall. A signal handler comes by here too: no code of the sanitizer in it. */
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

__attribute__((no_sanitize("thread"))) long __wrap_syscall(long number, ...) {
  long words[6];
  va_list args;
  va_start(args, number);
  for (int i = 0; i < 6; i++) words[i] = va_arg(args, long);
  va_end(args);
  if (number == SYS_close) return close((int)words[0]);
  return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
