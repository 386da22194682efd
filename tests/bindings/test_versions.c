/* SPDX-License-Identifier: MIT */
/* The versions of the scripts: what is kept, what is forgotten,
 * and that none goes while a worker has a state of it. */
#include "../core/unit.h"

#include "versions.h"

#include <stdlib.h>

enum { KEEP = 2 };

static struct versions *versions;
static struct script_set *set;

static int open_versions(void **state) {
  char *problem;
  (void)state;
  versions = versions_new(KEEP);
  assert_non_null(versions);
  return script_set_read(NULL, NULL, false, &set, &problem);
}

static int close_versions(void **state) {
  (void)state;
  versions_free(versions);
  script_set_unref(set);
  return 0;
}

static struct version *add(void) {
  struct version *v = versions_add(versions, set, "test");
  assert_non_null(v);
  return v;
}

/* What one worker has prepared and another could not: the first hears of it later. */
static void test_discarded_with_a_state(void **state) {
  (void)state;
  struct version *v = add();
  unsigned number = v->number;
  atomic_fetch_add(&v->states, 1);
  versions_discard(versions, v);
  versions_adopt(versions, add());
  assert_int_equal(v->number, number);
  assert_int_equal(atomic_fetch_sub(&v->states, 1), 1);
  assert_null(versions_find(versions, number));
}

static void test_keeps_so_many(void **state) {
  (void)state;
  unsigned first = versions_current(versions)->number;
  for (int i = 0; i < KEEP; i++) versions_adopt(versions, add());
  assert_non_null(versions_find(versions, first));
  versions_adopt(versions, add());
  assert_null(versions_find(versions, first));
  assert_int_equal(versions_find(versions, 0)->number, first + KEEP);
}

static void test_keeps_what_serves_somewhere(void **state) {
  (void)state;
  struct version *old = versions_current(versions);
  atomic_fetch_add(&old->states, 1);
  for (int i = 0; i <= KEEP; i++) versions_adopt(versions, add());
  assert_ptr_equal(versions_find(versions, old->number), old);
  atomic_fetch_sub(&old->states, 1);
  unsigned number = old->number;
  versions_adopt(versions, add());
  assert_null(versions_find(versions, number));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_discarded_with_a_state),
      cmocka_unit_test(test_keeps_so_many),
      cmocka_unit_test(test_keeps_what_serves_somewhere),
  };
  return cmocka_run_group_tests(tests, open_versions, close_versions);
}
