/* SPDX-License-Identifier: MIT */
/* Under ThreadSanitizer alone, in each program: what it does not see of libc and must. */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libuv closes with syscall(2), where the sanitizer looks at close(2). It would hold that the
 * number still belongs to the thread that got it first, and name a race when the kernel gives it to
 * another. Linked with --wrap=syscall. A signal handler comes by here too:
 * no code of the sanitizer in it. */
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

/* Debian's Lua jumps with the hardened longjmp, where the sanitizer looks at longjmp only. Its
 * stack of calls would keep what each error and each yield leaves, and each allocation would note
 * the whole of it: gigabytes, and ever slower. */
void __longjmp_chk(jmp_buf to, int value);

__attribute__((no_sanitize("thread"), noreturn)) void __longjmp_chk(jmp_buf to, int value) {
  longjmp(to, value);
}
