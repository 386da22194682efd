/* SPDX-License-Identifier: MIT */
/* core/credentials: which provider answers, what is said when none does, that snapshots outlive a
 * change, and when they are renewed. */
#include "unit.h"

#include "aws_files.h"
#include "credentials.h"
#include "credentials_refresh.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define ENV_KEY    "AWS_ACCESS_KEY_ID=AKENV"
#define ENV_SECRET "AWS_SECRET_ACCESS_KEY=senv"
#define FILE_KEYS  "aws_access_key_id = AKFILE\naws_secret_access_key = sfile\n"

static void scene(const char *const *variables, const char *credentials, const char *config) {
  write_scene(variables, credentials, config);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 0);
  credentials_reset();
}

static const struct {
  const char *variables[6], *credentials, *config; /* NULL: no such file */
  const char *id, *secret, *token, *source;        /* D in source: the directory */
  int64_t expires;
} found[] = {
    /* clang-format off */
    {{ENV_KEY, ENV_SECRET}, "[default]\n" FILE_KEYS, NULL, "AKENV", "senv", NULL, "environment", 0},
    {{ENV_KEY, ENV_SECRET, "AWS_SESSION_TOKEN=t", "AWS_CREDENTIAL_EXPIRATION=2099-01-01T00:00:00Z"},
     NULL, NULL, "AKENV", "senv", "t", "environment", 4070908800},
    {{ENV_KEY, ENV_SECRET, "AWS_SESSION_TOKEN=", "AWS_PROFILE=dev"}, NULL, NULL, "AKENV", "senv",
     NULL, "environment", 0},
    {{NULL}, "[default]\n" FILE_KEYS, NULL, "AKFILE", "sfile", NULL,
     "file D/credentials, profile default", 0},
    {{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, "[default]\n" FILE_KEYS, NULL, "AKFILE",
     "sfile", NULL, "file D/credentials, profile default", 0},
    {{"AWS_PROFILE=dev"}, "[default]\naws_access_key_id=x\n[dev]\n" FILE_KEYS
     "aws_session_token=tt", NULL, "AKFILE", "sfile", "tt", "file D/credentials, profile dev", 0},
    {{NULL}, "[default]\r\naws_access_key_id=A+/=\r\nAWS_SECRET_ACCESS_KEY = a=b+c/d== # old\r\n",
     NULL, "A+/=", "a=b+c/d==", NULL, "file D/credentials, profile default", 0},
    {{NULL}, NULL, "[default]\n" FILE_KEYS, "AKFILE", "sfile", NULL,
     "file D/config, profile default", 0},
    {{"AWS_PROFILE=dev"}, "[other]\n" FILE_KEYS, "[profile dev]\nregion=r\n" FILE_KEYS, "AKFILE",
     "sfile", NULL, "file D/config, profile dev", 0},
    {{NULL}, "[default]\n" FILE_KEYS,
     "[default]\naws_access_key_id=CONF\naws_secret_access_key=c\n", "AKFILE", "sfile", NULL,
     "file D/credentials, profile default", 0},
    /* clang-format on */
};

static char *with_dir(const char *text) {
  struct bytes out = {0};
  for (; *text; text++) {
    if (text[0] == 'D' && text[1] == '/')
      bytes_append(&out, dir, strlen(dir));
    else
      bytes_append(&out, text, 1);
  }
  return out.data;
}

static void who_answers(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(found); i++) {
    const struct credentials *c;
    struct bytes why = {0};
    scene(found[i].variables, found[i].credentials, found[i].config);
    assert_int_equal(credentials_get(&c, &why), 0);
    assert_string_equal(c->access_key_id, found[i].id);
    assert_string_equal(c->secret_access_key, found[i].secret);
    assert_int_equal(!c->session_token, !found[i].token);
    if (found[i].token) assert_string_equal(c->session_token, found[i].token);
    char *source = with_dir(found[i].source);
    assert_string_equal(c->source, source);
    assert_int_equal(c->expires, found[i].expires);
    free(source);
    credentials_unref(c);
    bytes_free(&why);
  }
}

static const struct {
  const char *variables[6], *credentials, *config;
  int error;
  const char *why;
} missing[] = {
    /* clang-format off */
    {{NULL}, NULL, NULL, UV_ENOENT,
     "no AWS credentials; looked at environment (AWS_ACCESS_KEY_ID is not set), "
     "D/credentials (no such file or directory), D/config (no such file or directory), "
     "web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set), container (neither "
     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set), instance metadata "
     "(AWS_EC2_METADATA_DISABLED)"},
    {{"AWS_PROFILE=dev"}, "[default]\n" FILE_KEYS, "[profile dev]\nsso_session = s\n", UV_EINVAL,
     "no AWS credentials; looked at environment (AWS_ACCESS_KEY_ID is not set), profile dev (its "
     "sso_session is not supported: usher starts no program and signs nobody in. Export the keys "
     "instead: aws configure export-credentials --profile dev --format env)"},
    {{ENV_KEY}, "[default]\n" FILE_KEYS, NULL, UV_EINVAL,
     "no AWS credentials; looked at environment (an access key id without its secret)"},
    {{ENV_SECRET}, "[default]\n" FILE_KEYS, NULL, UV_EINVAL,
     "no AWS credentials; looked at environment (a secret access key without its id)"},
    {{ENV_KEY, ENV_SECRET, "AWS_CREDENTIAL_EXPIRATION=soon"}, NULL, NULL, UV_EINVAL,
     "no AWS credentials; looked at environment (AWS_CREDENTIAL_EXPIRATION is no time: soon)"},
    {{NULL}, "[default]\naws_access_key_id = A\n", "[default]\n" FILE_KEYS, UV_EINVAL,
     "no AWS credentials; looked at environment (AWS_ACCESS_KEY_ID is not set), "
     "file D/credentials, profile default (an access key id without its secret)"},
    {{NULL}, "[default\n" FILE_KEYS, "default]\n" FILE_KEYS, UV_ENOENT,
     "no AWS credentials; looked at environment (AWS_ACCESS_KEY_ID is not set), "
     "D/credentials (profile default has no aws_access_key_id), "
     "D/config (profile default has no aws_access_key_id), "
     "web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set), container (neither "
     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set), instance metadata "
     "(AWS_EC2_METADATA_DISABLED)"},
    /* clang-format on */
};

static void what_is_said_when_nobody_does(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(missing); i++) {
    const struct credentials *c;
    struct bytes why = {0};
    scene(missing[i].variables, missing[i].credentials, missing[i].config);
    assert_int_equal(credentials_get(&c, &why), missing[i].error);
    char *want = with_dir(missing[i].why);
    assert_string_equal(why.data, want);
    free(want);
    bytes_free(&why);
  }
}

static void a_snapshot_outlives_the_change(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  const struct credentials *before, *same, *after;
  struct bytes why = {0};
  scene(none, "[default]\n" FILE_KEYS, NULL);
  assert_int_equal(credentials_get(&before, &why), 0);
  write_file(credentials_path, "[default]\naws_access_key_id=NEW\naws_secret_access_key=new\n");
  assert_int_equal(credentials_get(&same, &why), 0);
  assert_ptr_equal(same, before);
  credentials_reset();
  assert_int_equal(credentials_get(&after, &why), 0);
  assert_string_equal(after->access_key_id, "NEW");
  assert_string_equal(before->secret_access_key, "sfile");
  credentials_unref(before);
  credentials_unref(same);
  credentials_unref(after);
}

static void what_has_expired_is_asked_for_again(void **state) {
  (void)state;
  static const char *const variables[] = {ENV_KEY, ENV_SECRET,
                                          "AWS_CREDENTIAL_EXPIRATION=2001-01-01T00:00:00Z", NULL};
  const struct credentials *old, *renewed;
  struct bytes why = {0};
  scene(variables, NULL, NULL);
  assert_int_equal(credentials_get(&old, &why), 0);
  setenv("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z", 1);
  assert_int_equal(credentials_get(&renewed, &why), 0);
  assert_int_equal(old->expires, 978307200);
  assert_int_equal(renewed->expires, 4070908800);
  credentials_unref(old);
  credentials_unref(renewed);
  bytes_free(&why);
}

static void *use_many(void *arg) {
  int *wrong = arg;
  for (int i = 0; i < 500; i++) {
    const struct credentials *c;
    struct bytes why = {0};
    if (credentials_get(&c, &why)) {
      ++*wrong;
    } else {
      if (strcmp(c->secret_access_key, "sfile") != 0) ++*wrong;
      credentials_unref(c);
    }
    if (i % 10 == 0) credentials_reset();
    bytes_free(&why);
  }
  return NULL;
}

static void workers_share_and_replace(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  pthread_t threads[4];
  int wrong[4] = {0};
  scene(none, "[default]\n" FILE_KEYS, NULL);
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use_many, &wrong[i]), 0);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(wrong[i], 0);
  }
}

static const struct {
  const char *name;
  struct credentials_moment m;
  double least, most; /* for random 0 and 1 */
} moments[] = {
    {"lasting ones", {.have = true, .now = 5}, -1, -1},
    {"an hour: from 15 minutes before its end to 10", {.have = true, .expires = 3600}, 2700, 3000},
    {"six hours: the same", {.have = true, .expires = 21600}, 20700, 21000},
    {"a quarter of an hour: in proportion", {.have = true, .expires = 900}, 675, 750},
    {"twelve seconds", {.have = true, .expires = 12}, 9, 10},
    {"the same old ones again: soon, for newer ones will come",
     {.have = true, .now = 3000, .expires = 3600},
     100,
     200},
    {"they failed with 15 minutes left: in 5 to 10",
     {.have = true, .now = 2700, .expires = 3600, .failures = 1},
     300,
     600},
    {"they failed with 4 minutes left: before the end",
     {.have = true, .now = 3360, .expires = 3600, .failures = 3},
     120,
     180},
    {"they failed, and are old: in 5 to 10 minutes",
     {.have = true, .now = 3700, .expires = 3600, .failures = 9},
     300,
     600},
    {"none yet", {.failures = 1}, 0.5, 1},
    {"none yet, again", {.failures = 3}, 2, 4},
    {"none for long", {.failures = 40}, 15, 30},
};

static void every_moment(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(moments); i++) {
    double low = credentials_refresh_after(&moments[i].m, 0),
           high = credentials_refresh_after(&moments[i].m, 1);
    if (low != moments[i].least || high != moments[i].most)
      fail_msg("%s: from %g to %g", moments[i].name, low, high);
  }
}

static int end(void **state) {
  credentials_reset();
  return remove_files(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_answers),
      cmocka_unit_test(what_is_said_when_nobody_does),
      cmocka_unit_test(a_snapshot_outlives_the_change),
      cmocka_unit_test(what_has_expired_is_asked_for_again),
      cmocka_unit_test(workers_share_and_replace),
      cmocka_unit_test(every_moment),
  };
  return cmocka_run_group_tests(tests, open_files, end);
}
