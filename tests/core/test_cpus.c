/* SPDX-License-Identifier: MIT */
/* How many CPUs are worth using: never more than the affinity, never none. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "unit.h"

#include "cpus.h"

#include <sched.h>

static void test_affinity(void **state) {
  (void)state;
  cpu_set_t all, one;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  unsigned n = cpus_granted();
  assert_in_range(n, 1, CPU_COUNT(&all));
  int first = 0;
  while (!CPU_ISSET(first, &all)) first++;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  assert_int_equal(cpus_granted(), 1);
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
  assert_int_equal(cpus_granted(), n);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_affinity)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
