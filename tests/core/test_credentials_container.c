/* SPDX-License-Identifier: MIT */
/* core/container: which address is asked, with which token, and what each answer comes to. */
#include "credentials_plan.h"
#include "credentials_world.h"

#define CREDENTIALS                                                                                \
  "{\"RoleArn\":\"arn:r\",\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"sec\",\"Token\":"        \
  "\"tok\","                                                                                       \
  "\"Expiration\":\"2030-01-01T00:00:00Z\",\"AccountId\":\"1\"}"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI=U/v1/c?x=1"
#define GOOD                                                                                       \
  {                                                                                                \
    { 200, CREDENTIALS, KEEP }                                                                     \
  }

static const struct answer_row rows[] = {
    /* clang-format off */
    {"the answer of the real one", GOOD, 0, 1, NULL},
    {"a refusal, three times", {{400,
     "{\"Code\":\"AccessDenied\",\"Message\":\"no\\nrole\"}", KEEP}}, UV_EIO, 3,
     "answered 400: AccessDenied: no role"},
    {"lower case", {{500, "{\"code\":\"X\",\"message\":\"y\"}", KEEP}}, UV_EIO, 3, "500: X: y"},
    {"well the second time", {{500, "", KEEP}, {200, CREDENTIALS, KEEP}}, 0, 2, NULL},
    {"well the third time", {{0, NULL, RST}, {429, "", KEEP}, {200, CREDENTIALS, KEEP}}, 0, 3,
     NULL},
    {"half an answer, then well",
     {{200, "{\"AccessKeyId\":", KEEP}, {200, CREDENTIALS, KEEP}}, 0, 2, NULL},
    {"no JSON", {{200, "<x/>", KEEP}}, UV_EINVAL, 3, "no JSON object"},
    {"an array", {{200, "[1]", KEEP}}, UV_EINVAL, 3, "no JSON object"},
    {"a key twice", {{200, "{\"AccessKeyId\":\"a\",\"AccessKeyId\":\"b\"}", KEEP}}, UV_EINVAL, 3,
     "no JSON object"},
    {"no id", {{200, "{\"SecretAccessKey\":\"s\"}", KEEP}}, UV_EINVAL, 3, "without AccessKeyId"},
    {"no secret", {{200, "{\"AccessKeyId\":\"a\"}", KEEP}}, UV_EINVAL, 3, "without SecretAccess"},
    {"an id that is a number", {{200, "{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\"}", KEEP}},
     UV_EINVAL, 3, "without AccessKeyId"},
    {"a time that is none", {{200,
     "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}", KEEP}}, UV_EINVAL,
     3, "Expiration is no time"},
    {"a line break in the id", {{200,
     "{\"AccessKeyId\":\"a\\r\\nX: y\",\"SecretAccessKey\":\"s\"}", KEEP}}, UV_EINVAL, 1,
     "no header can carry"},
    {"a good body under another status", {{201, CREDENTIALS, KEEP}}, UV_EIO, 3, "answered 201"},
    {"a redirect is not followed", {{302, CREDENTIALS, FIN}}, UV_EIO, 3, "answered 302"},
    {"nobody there", {{0, NULL, FIN}}, UV_EIO, 3, "cannot be reached"},
    /* clang-format on */
};

static void every_answer(void **state) {
  (void)state;
  static const struct outcome good = {
      .id = "ASIAX", .secret = "sec", .token = "tok", .expires = 1893456000};
  static const char *const variables[] = {FULL, "AWS_REGION=r", NULL};
  expect_answers(variables, rows, COUNT(rows), &good);
}

static const struct {
  const char *name, *variables[MOST_VARIABLES], *file; /* file: the token file's text */
  int err;
  const char *sent, *not_sent, *why;
} tokens[] = {
    /* clang-format off */
    {"none", {FULL}, NULL, 0, "GET /v1/c?x=1 HTTP/1.1", "Authorization", NULL},
    {"it takes JSON", {FULL}, NULL, 0, "Accept: application/json", NULL, NULL},
    {"of the environment", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic abc"}, NULL, 0,
     "\r\nAuthorization: Basic abc\r\n", NULL, NULL},
    {"of the file, which wins", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN=env",
     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"}, "file", 0, "\r\nAuthorization: file\r\n",
     "env", NULL},
    {"of the file, another time", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"}, "newer",
     0, "\r\nAuthorization: newer\r\n", NULL, NULL},
    {"an empty file is no token", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"}, "", 0,
     "GET /v1/c", "Authorization", NULL},
    {"a line break in the file", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"},
     "a\r\nX-Evil: 1", UV_EINVAL, NULL, NULL, "a line break in "},
    {"one at its end counts too", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"}, "a\n",
     UV_EINVAL, NULL, NULL, "a line break in "},
    {"no such file", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=D/token"}, NULL, UV_ENOENT,
     NULL, NULL, "cannot be read"},
    {"a line break in the environment", {FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\nb"}, NULL,
     UV_EINVAL, NULL, NULL, "a line break in AWS_CONTAINER_AUTHORIZATION_TOKEN"},
    {"a foreign host", {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/"}, NULL, UV_EINVAL,
     NULL, NULL, "neither https nor http to this machine"},
    {"a relative URI without its slash", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=x"}, NULL,
     UV_EINVAL, NULL, NULL, "does not begin with a slash"},
    {"a relative URI that turns into another host",
     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/\\@x"}, NULL, UV_EINVAL, NULL, NULL,
     "neither https"},
    /* clang-format on */
};

static void every_token(void **state) {
  (void)state;
  static const struct answer good[MOST_LINES] = GOOD;
  for (size_t i = 0; i < COUNT(tokens); i++) {
    const char *name = tokens[i].name;
    world_file(&w, "token", tokens[i].file);
    world_ask(&w, tokens[i].variables, good);
    expect_number(name, "err", w.outcome.err, tokens[i].err);
    expect_number(name, "requests", w.peer.requests, tokens[i].err ? 0 : 1);
    expect_text(name, w.requests[0], tokens[i].sent);
    expect_text(name, w.outcome.why, tokens[i].why);
    if (tokens[i].not_sent) assert_null(strstr(w.requests[0], tokens[i].not_sent));
  }
}

static const struct {
  const char *uri;
  bool allowed;
} uris[] = {
    {"https://example.com/x", true},
    {"HTTPS://example.com", true},
    {"https://10.0.0.1:8443/x", true},
    {"http://127.0.0.1/x", true},
    {"http://127.0.0.1:8080/x", true},
    {"http://127.255.0.9/x", true},
    {"http://localhost/x", true},
    {"http://LocalHost:1/x", true},
    {"http://[::1]:80/x", true},
    {"http://169.254.170.2/v2/c", true},
    {"http://169.254.170.23/v1/credentials", true},
    {"http://[fd00:ec2::23]/v1", true},
    {"http://[fd00:0ec2:0::23]/v1", true},
    {"http://[::ffff:127.0.0.1]/x", true},
    {"http://169.254.169.254/x", false},
    {"http://169.254.170.22/x", false},
    {"http://169.254.170.2.example.com/x", false},
    {"http://127.0.0.1.example.com/x", false},
    {"http://128.0.0.1/x", false},
    {"http://127.1/x", false},
    {"http://2130706433/x", false},
    {"http://0/x", false},
    {"http://localhost.example.com/x", false},
    {"http://example.com/localhost", false},
    {"http://localhost@example.com/x", false},
    {"http://example.com#@localhost/", false},
    {"http://[::2]/x", false},
    {"http://[fd00:ec2::254]/x", false},
    {"ftp://localhost/x", false},
    {"file:///etc/passwd", false},
    {"//localhost/x", false},
    {"localhost", false},
    {"http://", false},
    {"http:///x", false},
    {"http://localhost/a b", false},
    {"http://localhost/a\r\nX: y", false},
};

static void who_may_be_asked(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(uris); i++)
    if (credentials_uri_allowed(uris[i].uri) != uris[i].allowed)
      fail_msg("%s is %sallowed", uris[i].uri, uris[i].allowed ? "not " : "");
}

static void the_relative_uri_wins(void **state) {
  (void)state;
  static const char *const variables[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c?id=1", FULL,
                                          NULL};
  struct credentials_plan *plan;
  struct bytes why = {0};
  world_environment(&w, variables);
  assert_int_equal(credentials_plan_open(&plan, &why), 0);
  assert_int_equal(plan->base, CREDENTIALS_CONTAINER);
  assert_string_equal(plan->container.url, "http://169.254.170.2/v2/c?id=1");
  credentials_plan_close(plan);
  bytes_free(&why);
}

static const struct {
  const char *name, *variables[MOST_VARIABLES];
  struct answer answers[MOST_LINES];
  const char *region;
  unsigned requests;
} regions[] = {
    {"set up: not asked for",
     {FULL, "AWS_DEFAULT_REGION=r", "ECS_CONTAINER_METADATA_URI_V4=U/v4/id"},
     {{200, CREDENTIALS, KEEP}},
     "",
     1},
    {"the task's",
     {FULL, "ECS_CONTAINER_METADATA_URI_V4=U/v4/id"},
     {{200, CREDENTIALS, KEEP},
      {200, "{\"TaskARN\":\"arn:aws:ecs:us-west-2:123456789012:task/c/1\"}", KEEP}},
     "us-west-2",
     2},
    {"no task", {FULL}, {{200, CREDENTIALS, KEEP}}, "", 1},
    {"an ARN that is none",
     {FULL, "ECS_CONTAINER_METADATA_URI_V4=U/v4/id"},
     {{200, CREDENTIALS, KEEP}, {200, "{\"TaskARN\":\"arn:aws:ecs\"}", KEEP}},
     "",
     2},
    {"no answer is no failure",
     {FULL, "ECS_CONTAINER_METADATA_URI_V4=U/v4/id"},
     {{200, CREDENTIALS, KEEP}, {404, "", KEEP}},
     "",
     2},
};

static void every_region(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(regions); i++) {
    world_ask(&w, regions[i].variables, regions[i].answers);
    expect_number(regions[i].name, "err", w.outcome.err, 0);
    expect_number(regions[i].name, "requests", w.peer.requests, regions[i].requests);
    assert_string_equal(w.outcome.region, regions[i].region);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_answer),     cmocka_unit_test(every_token),
      cmocka_unit_test(who_may_be_asked), cmocka_unit_test(the_relative_uri_wins),
      cmocka_unit_test(every_region),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}
