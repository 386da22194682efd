/* SPDX-License-Identifier: MIT */
/* core/sts and core/xml: AssumeRoleWithWebIdentity and AssumeRole as they go over the wire, each
 * answer and error of STS as a row, and what is no answer at all. */
#include "credentials_world.h"
#include "sts.h"

#define NS "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define CREDENTIALS(id, secret, token, end)                                                        \
  "<Credentials><SessionToken>" token "</SessionToken><SecretAccessKey>" secret                    \
  "</SecretAccessKey><Expiration>" end "</Expiration><AccessKeyId>" id                             \
  "</AccessKeyId></Credentials>"
#define RESULT(action, inside)                                                                     \
  "<" action "Response " NS "><" action "Result>" inside "</" action                               \
  "Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></" action "Response>"
#define WEB "AssumeRoleWithWebIdentity"
#define GOOD(action)                                                                               \
  RESULT(action, CREDENTIALS("ASIAX", "s/ec+ret", "tok&amp;en", "2030-10-24T23:00:23Z"))
#define ERROR(code, message)                                                                       \
  "<ErrorResponse " NS "><Error><Type>Sender</Type><Code>" code "</Code><Message>" message         \
  "</Message></Error><RequestId>r</RequestId></ErrorResponse>"

#define VARIABLES                                                                                  \
  "AWS_WEB_IDENTITY_TOKEN_FILE=D/token", "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/R",          \
      "AWS_ENDPOINT_URL_STS=U", "AWS_REGION=us-east-1"

static const struct answer_row rows[] = {
    /* clang-format off */
    {"the answer of the real one", {{200, GOOD(WEB), KEEP}}, 0, 1, NULL},
    {"with a prolog and line breaks", {{200, "<?xml version=\"1.0\"?>\n" GOOD(WEB) "\n", KEEP}}, 0,
     1, NULL},
    {"expired token", {{400, ERROR("ExpiredTokenException", "Token expired: current date/time"),
     KEEP}}, UV_EIO, 1, "answered 400: ExpiredTokenException: Token expired: current date/time"},
    {"invalid token", {{400, ERROR("InvalidIdentityToken", "No OpenIDConnect provider"), KEEP}},
     UV_EIO, 1, "InvalidIdentityToken"},
    {"rejected claim", {{403, ERROR("IDPRejectedClaim", "no"), KEEP}}, UV_EIO, 1, "answered 403"},
    {"policy", {{400, ERROR("MalformedPolicyDocument", "no"), KEEP}}, UV_EIO, 1, "Malformed"},
    {"too large", {{400, ERROR("PackedPolicyTooLarge", "no"), KEEP}}, UV_EIO, 1, "PackedPolicy"},
    {"region off", {{403, ERROR("RegionDisabledException", "no"), KEEP}}, UV_EIO, 1, "RegionDis"},
    {"not allowed", {{403, ERROR("AccessDenied", "Not authorized"), KEEP}}, UV_EIO, 1, "AccessD"},
    {"the provider is away, and comes back",
     {{400, ERROR("IDPCommunicationError", "no"), KEEP}, {200, GOOD(WEB), KEEP}}, 0, 2, NULL},
    {"the provider stays away", {{400, ERROR("IDPCommunicationError", "no"), KEEP}}, UV_EIO, 3,
     "IDPCommunicationError"},
    {"throttled", {{400, ERROR("Throttling", "Rate"), KEEP}, {200, GOOD(WEB), KEEP}}, 0, 2, NULL},
    {"503, then well", {{503, "", KEEP}, {200, GOOD(WEB), KEEP}}, 0, 2, NULL},
    {"a connection that ends", {{0, NULL, FIN}, {0, NULL, RST}, {200, GOOD(WEB), KEEP}}, 0, 3,
     NULL},
    {"500 for good", {{500, "oops", KEEP}}, UV_EIO, 3, "answered 500: nothing that can be read"},
    {"200 without XML", {{200, "{}", KEEP}}, UV_EIO, 1, "nothing that can be read"},
    {"200 that is cut", {{200, "<" WEB "Response><" WEB "Result><Credentials>", KEEP}}, UV_EIO, 1,
     "nothing that can be read"},
    {"an error under 200", {{200, ERROR("X", "y"), KEEP}}, UV_EIO, 1, "X: y"},
    {"another action's answer", {{200, GOOD("AssumeRole"), KEEP}}, UV_EIO, 1, "nothing"},
    {"no secret", {{200, RESULT(WEB, CREDENTIALS("A", "", "t", "2030-10-24T23:00:23Z")), KEEP}},
     UV_EIO, 1, "nothing"},
    {"no time", {{200, RESULT(WEB, CREDENTIALS("A", "s", "t", "soon")), KEEP}}, UV_EIO, 1,
     "nothing"},
    {"two sets", {{200, RESULT(WEB, CREDENTIALS("A", "s", "t",
     "2030-10-24T23:00:23Z") CREDENTIALS("A", "s", "t", "2030-10-24T23:00:23Z")), KEEP}}, UV_EIO, 1,
     "nothing"},
    {"a line break in the token", {{200, RESULT(WEB, CREDENTIALS("A", "s", "t&#10;X: y",
     "2030-10-24T23:00:23Z")), KEEP}}, UV_EINVAL, 1, "no header can carry"},
    /* clang-format on */
};

static void every_answer(void **state) {
  (void)state;
  static const struct outcome good = {
      .id = "ASIAX", .secret = "s/ec+ret", .token = "tok&en", .expires = 1919113223};
  static const char *const variables[] = {VARIABLES, "AWS_ROLE_SESSION_NAME=app1", NULL};
  world_file(&w, "token", "a.b.c\n");
  expect_answers(variables, rows, COUNT(rows), &good);
}

static void the_request(void **state) {
  (void)state;
  static const char *const variables[] = {VARIABLES, "AWS_ROLE_SESSION_NAME=app1", NULL};
  static const struct answer good[MOST_LINES] = {{200, GOOD(WEB), KEEP}};
  world_file(&w, "token", "a.b.c\r\n");
  world_ask(&w, variables, good);
  const char *request = w.requests[0];
  assert_memory_equal(request, "POST / HTTP/1.1\r\n", 17);
  assert_non_null(strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  assert_null(strstr(request, "Authorization"));
  assert_null(strstr(request, "X-Amz"));
  assert_non_null(strstr(
      request, "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"
               "%3A%3A123456789012%3Arole%2FR&RoleSessionName=app1&WebIdentityToken=a.b.c"));
  assert_non_null(strstr(w.outcome.source, "web identity, role arn:aws:iam::123456789012:role/R"));
}

static void the_file_is_read_each_time(void **state) {
  (void)state;
  static const char *const variables[] = {VARIABLES, NULL};
  static const struct answer good[MOST_LINES] = {{200, GOOD(WEB), KEEP}};
  static const struct {
    const char *file, *sent, *why;
  } files[] = {
      {"first", "WebIdentityToken=first", NULL},
      {"s+/=", "WebIdentityToken=s%2B%2F%3D", NULL},
      {"", NULL, "is empty"},
      {NULL, NULL, "cannot be read: no such file"},
      {"again", "RoleSessionName=usher-1700000000&WebIdentityToken=again", NULL},
  };
  for (size_t i = 0; i < COUNT(files); i++) {
    world_file(&w, "token", files[i].file);
    world_ask(&w, variables, good);
    expect_number("file", "requests", w.peer.requests, files[i].sent ? 1 : 0);
    expect_text("file", w.requests[0], files[i].sent);
    expect_text("file", w.outcome.why, files[i].why);
  }
}

#define PROFILE "AWS_CONFIG_FILE=D/config", "AWS_PROFILE=p", "AWS_ENDPOINT_URL_STS=U/x/"
#define BASE    "[profile base]\naws_access_key_id=AKBASE\naws_secret_access_key=sbase\n"

static const struct {
  const char *name, *config;
  const char *variables[MOST_VARIABLES];
  struct answer answers[MOST_LINES];
  int err;
  unsigned requests;
  const char *last, *text; /* of the last request; of why, or of the source */
} profiles[] = {
    /* clang-format off */
    {"a profile's own token file",
     "[profile p]\nrole_arn=arn:p\nweb_identity_token_file=D/token\nrole_session_name=me\n",
     {PROFILE}, {{200, GOOD(WEB), KEEP}}, 0, 1,
     "RoleArn=arn%3Ap&RoleSessionName=me&WebIdentityToken=tok", "web identity, role arn:p"},
    {"a role from keys", BASE "[profile p]\nrole_arn=arn:p\nsource_profile=base\nexternal_id=e x\n"
     "duration_seconds=900\nrole_session_name=me\n", {PROFILE, "AWS_REGION=eu-west-1"},
     {{200, GOOD("AssumeRole"), KEEP}}, 0, 1, "POST /x/ HTTP/1.1", "profile base, then role arn:p"},
    {"its form", BASE "[profile p]\nrole_arn=arn:p\nsource_profile=base\nexternal_id=e x\n"
     "duration_seconds=900\nrole_session_name=me\n", {PROFILE, "AWS_REGION=eu-west-1"},
     {{200, GOOD("AssumeRole"), KEEP}}, 0, 1,
     "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ap&RoleSessionName=me&ExternalId=e%20x"
     "&DurationSeconds=900", NULL},
    {"its signature", BASE "[profile p]\nrole_arn=arn:p\nsource_profile=base\n",
     {PROFILE, "AWS_REGION=eu-west-1"}, {{200, GOOD("AssumeRole"), KEEP}}, 0, 1,
     "Credential=AKBASE/20231114/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;"
     "x-amz-date, Signature=", NULL},
    {"a role from a role, signed with its token", BASE
     "[profile p]\nrole_arn=arn:p\nsource_profile=q\n"
     "[profile q]\nrole_arn=arn:q\nsource_profile=base\n", {PROFILE},
     {{200, GOOD("AssumeRole"), KEEP}, {200, GOOD("AssumeRole"), KEEP}}, 0, 2,
     "Credential=ASIAX/20231114/us-east-1/sts/aws4_request, SignedHeaders=content-type;host;"
     "x-amz-date;x-amz-security-token,", "profile base, then role arn:q, then role arn:p"},
    {"itself as source, with keys",
     "[profile p]\nrole_arn=arn:p\nsource_profile=p\naws_access_key_id=A\n"
     "aws_secret_access_key=s\n", {PROFILE}, {{200, GOOD("AssumeRole"), KEEP}}, 0, 1,
     "Credential=A/", NULL},
    {"the environment as source: environment keys come first anyway",
     "[profile p]\nrole_arn=arn:p\ncredential_source=Environment\n",
     {PROFILE, "AWS_ACCESS_KEY_ID=AKENV", "AWS_SECRET_ACCESS_KEY=s"}, {{500, "", KEEP}}, 0, 0, NULL,
     "environment"},
    {"STS refuses", BASE "[profile p]\nrole_arn=arn:p\nsource_profile=base\n", {PROFILE},
     {{403, ERROR("AccessDenied", "not you"), KEEP}}, UV_EIO, 1, NULL,
     "STS AssumeRole answered 403: AccessDenied: not you"},
    {"a circle",
     "[profile p]\nrole_arn=p\nsource_profile=q\n[profile q]\nrole_arn=q\nsource_profile=p\n",
     {PROFILE}, {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "in a circle"},
    {"no source", "[profile p]\nrole_arn=p\n", {PROFILE}, {{500, "", KEEP}}, UV_EINVAL, 0, NULL,
     "role_arn without source_profile"},
    {"two sources", "[profile p]\nrole_arn=p\nsource_profile=p\ncredential_source=Environment\n",
     {PROFILE}, {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "both source_profile and credential_source"},
    {"an unknown source", "[profile p]\nrole_arn=p\ncredential_source=Moon\n", {PROFILE},
     {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "credential_source is Environment"},
    {"a source without keys", "[profile p]\nrole_arn=p\nsource_profile=gone\n", {PROFILE},
     {{500, "", KEEP}}, UV_EINVAL, 0, NULL,
     "profile gone (it is named as a source, and has no credentials)"},
    {"a second factor", BASE "[profile p]\nrole_arn=p\nsource_profile=base\nmfa_serial=m\n",
     {PROFILE}, {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "mfa_serial needs a person"},
    {"too short", BASE "[profile p]\nrole_arn=p\nsource_profile=base\nduration_seconds=899\n",
     {PROFILE}, {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "duration_seconds is from 900"},
    {"a program", "[profile p]\ncredential_process=/bin/x\n", {PROFILE}, {{500, "", KEEP}},
     UV_EINVAL, 0, NULL, "its credential_process is not supported"},
    {"a token file without its role", "", {"AWS_WEB_IDENTITY_TOKEN_FILE=D/token"},
     {{500, "", KEEP}}, UV_EINVAL, 0, NULL, "but AWS_ROLE_ARN is not"},
    /* clang-format on */
};

static void every_profile(void **state) {
  (void)state;
  world_file(&w, "token", "tok");
  for (size_t i = 0; i < COUNT(profiles); i++) {
    const char *name = profiles[i].name;
    world_file(&w, "config", profiles[i].config);
    world_ask(&w, profiles[i].variables, profiles[i].answers);
    expect_text(name, w.outcome.err ? w.outcome.why : w.outcome.source, profiles[i].text);
    expect_number(name, "err", w.outcome.err, profiles[i].err);
    expect_number(name, "requests", w.peer.requests, profiles[i].requests);
    if (profiles[i].last) expect_text(name, w.requests[profiles[i].requests - 1], profiles[i].last);
  }
}

static const struct {
  const char *variables[MOST_VARIABLES], *region, *otherwise, *url;
} places[] = {
    {{NULL}, "eu-west-1", NULL, "https://sts.eu-west-1.amazonaws.com/"},
    {{NULL}, "cn-north-1", "", "https://sts.cn-north-1.amazonaws.com.cn/"},
    {{NULL}, NULL, NULL, "https://sts.amazonaws.com/"},
    {{NULL}, "eu-west-1", "http://s:1//", "http://s:1/"},
    {{"AWS_ENDPOINT_URL=http://all/p"}, "eu-west-1", "http://s:1", "http://all/p/"},
    {{"AWS_ENDPOINT_URL=http://all", "AWS_ENDPOINT_URL_STS=http://one:2"},
     "r",
     "x",
     "http://one:2/"},
};

static void where_it_is(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(places); i++) {
    struct bytes url = {0};
    world_environment(&w, places[i].variables);
    assert_int_equal(sts_url(places[i].region, places[i].otherwise, &url), 0);
    assert_string_equal(url.data, places[i].url);
    bytes_free(&url);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_answer),
      cmocka_unit_test(the_request),
      cmocka_unit_test(the_file_is_read_each_time),
      cmocka_unit_test(every_profile),
      cmocka_unit_test(where_it_is),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}
