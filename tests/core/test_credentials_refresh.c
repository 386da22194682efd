/* SPDX-License-Identifier: MIT */
/* core/credentials_refresh: what stays in use when renewing fails, who waits and who does not. When
 * it asks is in test_credentials.c. The clock is the test's own;
 * what is waited for is an event, never time. */
#include "credentials_refresh.h"

#include "credentials.h"
#include "credentials_world.h"
#include "log.h"
#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>

#define FULL   "AWS_CONTAINER_CREDENTIALS_FULL_URI=U/c"
#define REGION "AWS_REGION=r"
#define START  1700000000

/* --- a world with one refresher --------------------------------------------------------------- */

static struct credentials_refresh *refresh;

static double no_jitter(void) {
  return 0;
}

static void make_answer(struct answer *out, char *body, size_t size, const char *id,
                        int64_t expires) {
  time_t seconds = (time_t)expires;
  struct tm tm;
  char when[32];
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
  snprintf(
      body, size,
      "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s%s\",\"Token\":\"t\",\"Expiration\":\"%s\"}",
      id, id, when);
  *out = (struct answer){200, body, KEEP};
}

/* One script for all that follows: id NULL is a failure, which is asked for three times. */
static void script(const char *id, int64_t life) {
  char body[256];
  struct answer answer = {503, "", KEEP};
  world_forget_script(&w);
  if (id) make_answer(&answer, body, sizeof body, id, w.now + life);
  world_script(&w, &answer, 1);
}

static unsigned second_ms = 1;

static void start(bool on_demand) {
  static const char *const variables[] = {FULL, REGION, NULL};
  const struct credentials_refresh_settings settings = {.loop = &w.loop,
                                                        .client = w.client,
                                                        .on_demand = on_demand,
                                                        .now = world_now,
                                                        .random = no_jitter,
                                                        .second_ms = second_ms};
  w.now = START;
  world_environment(&w, variables);
  credentials_reset();
  metrics_reset();
  assert_int_equal(credentials_refresh_open(&settings, &refresh), 0);
}

static void stop(void) {
  credentials_refresh_close(refresh);
  credentials_reset();
  world_forget_script(&w);
  w.peer.requests = 0;
}

static const char *current_id(void) {
  static char id[32];
  const struct credentials *c;
  struct bytes why = {0};
  int err = credentials_get(&c, &why);
  snprintf(id, sizeof id, "%s", err ? uv_err_name(err) : c->access_key_id);
  if (!err) credentials_unref(c);
  bytes_free(&why);
  return id;
}

static double failures(void) {
  return metrics_value("usher_credentials_refresh_failures_total", "");
}

static double successes(void) {
  return metrics_value("usher_credentials_refreshes_total", "");
}

static void until(double (*value)(void), double wanted) {
  while (value() < wanted) uv_run(&w.loop, UV_RUN_ONCE);
  assert_true(value() == wanted);
}

/* Lets the timer look at the clock so often that anything due would have begun. */
static void nothing_happens(void) {
  unsigned before = w.peer.requests;
  for (int i = 0; i < 30; i++) uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(w.peer.requests, before);
}

/* The loop needs something to wake up for: the refresher's own handles do not count. */
static uv_timer_t heartbeat;

static void on_heartbeat(uv_timer_t *t) {
  (void)t;
}

static void a_life(void **state) {
  (void)state;
  start(false);
  assert_false(credentials_refresh_settled(refresh));
  script("FIRST", 3600);
  until(successes, 1);
  assert_true(credentials_refresh_settled(refresh));
  assert_string_equal(current_id(), "FIRST");
  assert_non_null(strstr(credentials_refresh_source(refresh), "container, http://127.0.0.1"));
  assert_true(metrics_value("usher_credentials_seconds_left", "") == 3600);

  w.now = START + 2699; /* 15 minutes and a second before the end */
  script("SECOND", 3600);
  nothing_happens();
  w.now = START + 2700;
  until(successes, 2);
  assert_string_equal(current_id(), "SECOND");
  assert_true(metrics_value("usher_credentials_seconds_left", "") == 3599); /* made a second ago */
  stop();
}

static void old_ones_stay_in_use(void **state) {
  (void)state;
  start(false);
  script("FIRST", 3600);
  until(successes, 1);
  script(NULL, 0);
  w.now = START + 2700;
  until(failures, 1);
  assert_string_equal(current_id(), "FIRST");

  w.now += 299; /* five minutes later at the soonest */
  nothing_happens();
  w.now += 1;
  until(failures, 2);
  assert_string_equal(current_id(), "FIRST");

  w.now = START + 3600; /* they have ended: the service has the last word */
  until(failures, 3);
  assert_string_equal(current_id(), "FIRST");
  assert_true(metrics_value("usher_credentials_seconds_left", "") == 0);
  w.now += 299;
  nothing_happens();
  script("SECOND", 3600);
  w.now += 1;
  until(successes, 2);
  assert_string_equal(current_id(), "SECOND");
  stop();
}

static void expired_ones_are_no_success(void **state) {
  (void)state;
  start(false);
  script("FIRST", 3600);
  until(successes, 1);
  script("OLD", 0);
  w.now = START + 2700;
  script("OLD", -10);
  until(failures, 1);
  assert_string_equal(current_id(), "FIRST");
  stop();

  start(false); /* but where there are none, it may be our clock that is wrong */
  script("OLD", -10);
  until(failures, 1);
  assert_string_equal(current_id(), "OLD");
  stop();
}

static void none_yet(void **state) {
  (void)state;
  start(false);
  script(NULL, 0);
  assert_string_equal(current_id(), "EAGAIN");
  until(failures, 1);
  assert_string_equal(current_id(), "EIO");
  assert_false(credentials_refresh_settled(refresh)); /* it may come up yet */
  script("FIRST", 3600);
  w.now += 1;
  until(successes, 1);
  assert_string_equal(current_id(), "FIRST");
  stop();
}

static void nothing_is_set_up(void **state) {
  (void)state;
  static const char *const none[] = {"AWS_EC2_METADATA_DISABLED=true", NULL};
  start(false);
  world_environment(&w, none);
  until(failures, 1);
  assert_true(credentials_refresh_settled(refresh));
  assert_string_equal(current_id(), "ENOENT");
  stop();
}

/* --- who waits -------------------------------------------------------------------------------- */

struct patient {
  struct credentials_waiter waiter;
  unsigned woken;
};

static void on_wake(struct credentials_waiter *waiter) {
  ((struct patient *)waiter)->woken++;
}

static void on_demand_and_once(void **state) {
  (void)state;
  struct patient patients[3] = {
      {{.wake = on_wake}, 0}, {{.wake = on_wake}, 0}, {{.wake = on_wake}, 0}};
  start(true);
  script("FIRST", 3600);
  nothing_happens();
  assert_string_equal(current_id(), "EAGAIN");
  credentials_await(&patients[0].waiter);
  credentials_await(&patients[1].waiter);
  credentials_await(&patients[2].waiter);
  credentials_forget(&patients[1].waiter);
  until(successes, 1);
  assert_int_equal(w.peer.requests, 1);
  assert_int_equal(patients[0].woken, 1);
  assert_int_equal(patients[1].woken, 0);
  assert_int_equal(patients[2].woken, 1);
  stop();
}

static void a_refusal_wakes_too(void **state) {
  (void)state;
  struct patient patient = {{.wake = on_wake}, 0};
  start(true);
  script(NULL, 0);
  credentials_await(&patient.waiter);
  until(failures, 1);
  assert_int_equal(patient.woken, 1);
  credentials_await(&patient.waiter); /* not due: nobody is kept waiting for it */
  while (patient.woken < 2) uv_run(&w.loop, UV_RUN_ONCE);
  assert_true(failures() == 1);
  stop();
  credentials_await(&patient.waiter); /* and there is nobody to wait for */
  assert_int_equal(patient.woken, 3);
}

static void closing_wakes(void **state) {
  (void)state;
  struct patient patient = {{.wake = on_wake}, 0};
  start(true);
  script("FIRST", 3600);
  credentials_await(&patient.waiter);
  stop();
  assert_int_equal(patient.woken, 1);
}

static void a_service_refuses_them(void **state) {
  (void)state;
  struct patient patient = {{.wake = on_wake}, 0};
  second_ms = 1000; /* the pause between two doubts is five of them */
  start(false);
  second_ms = 1;
  script("FIRST", 3600);
  until(successes, 1);
  script("SECOND", 3600);
  assert_true(credentials_doubt("AN-OLDER-ONE")); /* others are here already */
  nothing_happens();
  assert_true(credentials_doubt("FIRST"));
  credentials_await(&patient.waiter);
  until(successes, 2);
  assert_int_equal(patient.woken, 1);
  assert_string_equal(current_id(), "SECOND");

  script("THIRD", 3600); /* a service that refuses everything does not make us ask without end */
  credentials_doubt("SECOND");
  credentials_await(&patient.waiter);
  while (patient.woken < 2) uv_run(&w.loop, UV_RUN_ONCE);
  assert_string_equal(current_id(), "SECOND");
  stop();
}

/* --- threads ---------------------------------------------------------------------------------- */

static atomic_bool over;

static void *use_many(void *arg) {
  unsigned *wrong = arg;
  while (!atomic_load(&over)) {
    const struct credentials *c;
    struct bytes why = {0};
    if (credentials_get(&c, &why) == 0) {
      char secret[64];
      snprintf(secret, sizeof secret, "s%s", c->access_key_id);
      *wrong += strcmp(secret, c->secret_access_key) != 0;
      credentials_doubt("AN-OLDER-ONE");
      credentials_unref(c);
    } else {
      ++*wrong;
    }
    bytes_free(&why);
  }
  return NULL;
}

static void workers_read_while_it_swaps(void **state) {
  (void)state;
  enum { THREADS = 4, SWAPS = 50 };
  pthread_t threads[THREADS];
  unsigned wrong[THREADS] = {0};
  start(false);
  script("KEY0", 3600);
  until(successes, 1);
  atomic_store(&over, false);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use_many, &wrong[i]), 0);
  for (int i = 1; i <= SWAPS; i++) {
    char id[16];
    w.now += 2700;
    snprintf(id, sizeof id, "KEY%d", i);
    script(id, 3600);
    until(successes, i + 1);
  }
  atomic_store(&over, true);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(wrong[i], 0);
  }
  stop();
}

static int open_beating(void **state) {
  open_world(state);
  uv_timer_init(&w.loop, &heartbeat);
  uv_timer_start(&heartbeat, on_heartbeat, 1, 1);
  log_set_level(LOG_OFF);
  return 0;
}

static int close_beating(void **state) {
  uv_close((uv_handle_t *)&heartbeat, NULL);
  return close_world(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_life),
      cmocka_unit_test(old_ones_stay_in_use),
      cmocka_unit_test(expired_ones_are_no_success),
      cmocka_unit_test(none_yet),
      cmocka_unit_test(nothing_is_set_up),
      cmocka_unit_test(on_demand_and_once),
      cmocka_unit_test(a_refusal_wakes_too),
      cmocka_unit_test(closing_wakes),
      cmocka_unit_test(a_service_refuses_them),
      cmocka_unit_test(workers_read_while_it_swaps),
  };
  return cmocka_run_group_tests(tests, open_beating, close_beating);
}
