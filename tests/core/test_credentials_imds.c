/* SPDX-License-Identifier: MIT */
/* core/imds: token, role, credentials; when version 1 is asked instead and when
 * it is not; region. */
#include "credentials_plan.h"
#include "credentials_world.h"

#define ENDPOINT "AWS_EC2_METADATA_SERVICE_ENDPOINT=U/"
#define REGION   "AWS_REGION=r"
#define V1_OFF   "AWS_EC2_METADATA_V1_DISABLED=true"
#define CREDENTIALS                                                                                \
  "{\"Code\":\"Success\",\"LastUpdated\":\"2023-01-01T00:00:00Z\",\"Type\":\"AWS-HMAC\","          \
  "\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"sec\",\"Token\":\"tok\","                       \
  "\"Expiration\":\"2030-01-01T00:00:00Z\"}"
#define TOKEN                                                                                      \
  { 200, "TOKEN==", KEEP }
#define ROLE                                                                                       \
  { 200, "my-role\n", KEEP }
#define GOOD                                                                                       \
  { 200, CREDENTIALS, KEEP }

static const struct {
  const char *name, *variables[MOST_VARIABLES];
  struct answer answers[MOST_LINES];
  int err;
  unsigned requests;
  const char *sent[4], *not_sent, *why, *region;
} rows[] = {
    /* clang-format off */
    {"version 2", {ENDPOINT, REGION}, {TOKEN, ROLE, GOOD}, 0, 3, {"PUT /latest/api/token HTTP/1.1",
     "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
     "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1"}, NULL, NULL, ""},
    {"its headers", {ENDPOINT, REGION}, {TOKEN, ROLE, GOOD}, 0, 3,
     {"\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n",
     "\r\nx-aws-ec2-metadata-token: TOKEN==\r\n", "\r\nx-aws-ec2-metadata-token: TOKEN==\r\n"},
     NULL, NULL, ""},
    {"403: version 1", {ENDPOINT, REGION}, {{403, "", KEEP}, ROLE, GOOD}, 0, 3,
     {"PUT ", "GET ", "GET "}, "x-aws-ec2-metadata-token:", NULL, ""},
    {"404: version 1", {ENDPOINT, REGION}, {{404, "", KEEP}, ROLE, GOOD}, 0, 3, {0}, NULL, NULL,
     ""},
    {"405: version 1", {ENDPOINT, REGION}, {{405, "", KEEP}, ROLE, GOOD}, 0, 3, {0}, NULL, NULL,
     ""},
    {"no answer in time: version 1", {ENDPOINT, REGION}, {{0, NULL, HANG}, ROLE, GOOD}, 0, 3, {0},
     "x-aws-ec2-metadata-token:", NULL, ""},
    {"403, and version 1 is off", {ENDPOINT, REGION, V1_OFF}, {{403, "", KEEP}}, UV_EIO, 1, {0},
     NULL, "version 2 was refused, and version 1 is off", NULL},
    {"no answer in time, and version 1 is off", {ENDPOINT, REGION, V1_OFF}, {{0, NULL, HANG}},
     UV_EIO, 1, {0}, NULL, "did not answer in time, and version 1 is off", NULL},
    {"400 is an error", {ENDPOINT}, {{400, "", KEEP}}, UV_EIO, 1, {0}, NULL, "answered 400", NULL},
    {"500 is an error", {ENDPOINT}, {{500, "", KEEP}}, UV_EIO, 1, {0}, NULL, "answered 500", NULL},
    {"500 and two attempts", {ENDPOINT, REGION, "AWS_METADATA_SERVICE_NUM_ATTEMPTS=2"},
     {{500, "", KEEP}, TOKEN, ROLE, GOOD}, 0, 4, {0}, NULL, NULL, ""},
    {"a token that is none", {ENDPOINT}, {{200, "a\r\nb", KEEP}}, UV_EINVAL, 1, {0}, NULL,
     "no session token", NULL},
    {"an empty token", {ENDPOINT}, {{200, "", KEEP}}, UV_EINVAL, 1, {0}, NULL, "no session", NULL},
    {"no role", {ENDPOINT}, {TOKEN, {404, "", KEEP}}, UV_ENOENT, 2, {0}, NULL,
     "this instance has no role", NULL},
    {"a role that is a path", {ENDPOINT}, {TOKEN, {200, "../../x", KEEP}}, UV_EINVAL, 2, {0}, NULL,
     "names no role", NULL},
    {"a page instead of a role", {ENDPOINT}, {TOKEN, {200, "<html> </html>", KEEP}}, UV_EINVAL, 2,
     {0}, NULL, "names no role", NULL},
    {"the token has ended: a new one, and on", {ENDPOINT, REGION},
     {TOKEN, {401, "", KEEP}, {200, "SECOND", KEEP}, ROLE, GOOD}, 0, 5,
     {"PUT ", "TOKEN==", "PUT ", "x-aws-ec2-metadata-token: SECOND"}, NULL, NULL, ""},
    {"but only once", {ENDPOINT, REGION}, {TOKEN, {401, "", KEEP}, TOKEN, {401, "", KEEP}}, UV_EIO,
     4, {0}, NULL, "answered 401", NULL},
    {"credentials that failed", {ENDPOINT}, {TOKEN, ROLE,
     {200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"m\"}", KEEP}}, UV_EINVAL, 3,
     {0}, NULL, "AssumeRoleUnauthorizedAccess: m", NULL},
    {"credentials that are none", {ENDPOINT}, {TOKEN, ROLE, {200, "{}", KEEP}}, UV_EINVAL, 3, {0},
     NULL, "without AccessKeyId", NULL},
    {"a role that has gone", {ENDPOINT}, {TOKEN, ROLE, {404, "", KEEP}}, UV_EIO, 3, {0}, NULL,
     "404", NULL},
    {"the region, last", {ENDPOINT}, {TOKEN, ROLE, GOOD, TOKEN, {200, "eu-north-1", KEEP}}, 0, 5,
     {0}, NULL, NULL, "eu-north-1"},
    {"no region is no failure", {ENDPOINT}, {TOKEN, ROLE, GOOD, TOKEN, {404, "", KEEP}}, 0, 5, {0},
     NULL, NULL, ""},
    {"switched off", {ENDPOINT, "AWS_EC2_METADATA_DISABLED=TRUE"}, {TOKEN}, UV_ENOENT, 0, {0}, NULL,
     "instance metadata (AWS_EC2_METADATA_DISABLED)", NULL},
    {"nobody there", {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1"}, {TOKEN}, UV_ENOENT,
     0, {0}, NULL, "no instance metadata at http://127.0.0.1:1", NULL},
    {"an address that is none", {"AWS_EC2_METADATA_SERVICE_ENDPOINT=here"}, {TOKEN}, UV_EINVAL, 0,
     {0}, NULL, "is no http URL", NULL},
    /* clang-format on */
};

static void every_row(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    const char *name = rows[i].name;
    world_ask(&w, rows[i].variables, rows[i].answers);
    expect_text(name, w.outcome.why, rows[i].why);
    expect_number(name, "err", w.outcome.err, rows[i].err);
    expect_number(name, "requests", w.peer.requests, rows[i].requests);
    for (size_t n = 0; n < COUNT(rows[i].sent); n++) {
      expect_text(name, w.requests[n], rows[i].sent[n]);
      if (rows[i].not_sent && strstr(w.requests[n], rows[i].not_sent)) fail_msg("%s: sent", name);
    }
    if (rows[i].err) continue;
    assert_string_equal(w.outcome.id, "ASIAX");
    assert_string_equal(w.outcome.token, "tok");
    assert_int_equal(w.outcome.expires, 1893456000);
    assert_string_equal(w.outcome.region, rows[i].region);
  }
}

static const struct {
  const char *variables[MOST_VARIABLES], *endpoint;
  bool v1_disabled;
  unsigned timeout_ms, tries;
} plans[] = {
    {{NULL}, "http://169.254.169.254", false, 1000, 1},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"}, "http://[fd00:ec2::254]", false, 1000, 1},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv4"}, "http://169.254.169.254", false, 1000, 1},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://h:1/p//", V1_OFF}, "http://h:1/p", true, 1000, 1},
    {{"AWS_METADATA_SERVICE_TIMEOUT=5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS=3"},
     "http://169.254.169.254",
     false,
     5000,
     3},
    {{"AWS_METADATA_SERVICE_TIMEOUT=x", "AWS_METADATA_SERVICE_NUM_ATTEMPTS=-3"},
     "http://169.254.169.254",
     false,
     1000,
     1},
};

static void every_plan(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(plans); i++) {
    struct credentials_plan *plan;
    struct bytes why = {0};
    world_environment(&w, plans[i].variables);
    assert_int_equal(credentials_plan_open(&plan, &why), 0);
    assert_int_equal(plan->base, CREDENTIALS_INSTANCE);
    assert_string_equal(plan->instance.endpoint, plans[i].endpoint);
    assert_int_equal(plan->instance.v1_disabled, plans[i].v1_disabled);
    assert_int_equal(plan->instance.timeout_ms, plans[i].timeout_ms);
    assert_int_equal(plan->instance.tries, plans[i].tries);
    credentials_plan_close(plan);
    bytes_free(&why);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row),
      cmocka_unit_test(every_plan),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}
