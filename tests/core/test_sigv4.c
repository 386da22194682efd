/* SPDX-License-Identifier: MIT */
/* core/sigv4: known answers (AWS's worked example, requests as usher sends them, checked against
 * two SDKs), canonical forms row by row, and the key cache. The official suite is
 * test_sigv4_suite.c. */
#include "unit.h"

#include "sigv4.h"
#include "sigv4_canonical.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static struct slice text(const char *s) {
  return (struct slice){s, s ? strlen(s) : 0};
}

static const struct {
  const char *name, *service, *token, *method, *path, *query, *body;
  const char *headers[4][2];
  const char *canonical, *authorization;
} answers[] = {
    {.name = "iam-listusers, AWS's own example",
     .service = "iam",
     .method = "GET",
     .path = "/",
     .query = "Action=ListUsers&Version=2010-05-08",
     .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                 {"Host", "iam.amazonaws.com"}},
     .canonical = "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
                  "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
                  "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                  "content-type;host;x-amz-date\n"
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .authorization =
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date, "
         "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
    {.name = "ddb-getitem-token",
     .service = "dynamodb",
     .token = "TOKEN/+=",
     .method = "POST",
     .path = "/",
     .query = "",
     .body = "{\"TableName\":\"UsersAccountsTable\",\"Key\":{\"pk\":{\"S\":\"USER#u1\"},\"sk\":{"
             "\"S\":\"DETAILS\"}}}",
     .headers =
         {
             {"content-type", "application/x-amz-json-1.0"},
             {"x-amz-target", "DynamoDB_20120810.GetItem"},
             {"host", "dynamodb.us-east-1.amazonaws.com"},
         },
     .canonical = "POST\n"
                  "/\n"
                  "\n"
                  "content-type:application/x-amz-json-1.0\n"
                  "host:dynamodb.us-east-1.amazonaws.com\n"
                  "x-amz-date:20150830T123600Z\n"
                  "x-amz-security-token:TOKEN/+=\n"
                  "x-amz-target:DynamoDB_20120810.GetItem\n"
                  "\n"
                  "content-type;host;x-amz-date;x-amz-security-token;x-amz-target\n"
                  "b923112720d8396c882367650b6749132c87ba614d15b011aa22cc5dc16d7cf9",
     .authorization =
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/dynamodb/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
         "Signature=c0556345fa8d6913febded202bb7c7986997568fc6bc88fff4907d0dd641cd14"},
    {.name = "lambda-invoke-arn-path",
     .service = "lambda",
     .token = NULL,
     .method = "POST",
     .path = "/2015-03-31/functions/"
             "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3APreSignUp/invocations",
     .query = "Qualifier=$LATEST",
     .body = "{\"a\":1}",
     .headers =
         {
             {"content-type", "application/json"},
             {"x-amz-invocation-type", "RequestResponse"},
             {"host", "lambda.us-east-1.amazonaws.com"},
         },
     .canonical = "POST\n"
                  "/2015-03-31/functions/"
                  "arn%253Aaws%253Alambda%253Aus-east-1%253A123456789012%253Afunction%"
                  "253APreSignUp/invocations\n"
                  "Qualifier=%24LATEST\n"
                  "content-type:application/json\n"
                  "host:lambda.us-east-1.amazonaws.com\n"
                  "x-amz-date:20150830T123600Z\n"
                  "x-amz-invocation-type:RequestResponse\n"
                  "\n"
                  "content-type;host;x-amz-date;x-amz-invocation-type\n"
                  "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
     .authorization =
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type, "
         "Signature=eb8daa1cdbf845f1d2ee7905e2030dbdcb2106a897c7825b3bc308b37676f551"},
    {.name = "cognito-admingetuser",
     .service = "cognito-idp",
     .token = NULL,
     .method = "POST",
     .path = "/",
     .query = "",
     .body = "{\"UserPoolId\":\"us-east-1_Ab\",\"Username\":\"a@b.c\"}",
     .headers =
         {
             {"content-type", "application/x-amz-json-1.1"},
             {"x-amz-target", "AWSCognitoIdentityProviderService.AdminGetUser"},
             {"host", "cognito-idp.us-east-1.amazonaws.com"},
         },
     .canonical = "POST\n"
                  "/\n"
                  "\n"
                  "content-type:application/x-amz-json-1.1\n"
                  "host:cognito-idp.us-east-1.amazonaws.com\n"
                  "x-amz-date:20150830T123600Z\n"
                  "x-amz-target:AWSCognitoIdentityProviderService.AdminGetUser\n"
                  "\n"
                  "content-type;host;x-amz-date;x-amz-target\n"
                  "95323783f97eb3d38847196cca9ac7c78063a16c8fe45a82cacfadb37880bb78",
     .authorization =
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/cognito-idp/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
         "Signature=959e2e5cd00061abe90b61e59de0f95cd2edf7f9a76a6beacb443b46c561f4c0"},
    {.name = "sesv2-sendemail",
     .service = "ses",
     .token = NULL,
     .method = "POST",
     .path = "/v2/email/outbound-emails",
     .query = "",
     .body = "{}",
     .headers =
         {
             {"content-type", "application/json"},
             {"host", "email.us-east-1.amazonaws.com"},
         },
     .canonical = "POST\n"
                  "/v2/email/outbound-emails\n"
                  "\n"
                  "content-type:application/json\n"
                  "host:email.us-east-1.amazonaws.com\n"
                  "x-amz-date:20150830T123600Z\n"
                  "\n"
                  "content-type;host;x-amz-date\n"
                  "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
     .authorization =
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ses/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date, "
         "Signature=b503625e599c445a22475858513d0eeea1be5207ca0536be15345410d08b51b1"},
};

static struct sigv4_options options_for(const char *service, const char *token) {
  return (struct sigv4_options){.access_key_id = text("AKIDEXAMPLE"),
                                .secret = text(SECRET),
                                .token = text(token),
                                .region = text("us-east-1"),
                                .service = text(service),
                                .time = 1440938160};
}

static void known_answers(void **state) {
  (void)state;
  struct sigv4_keys *keys = sigv4_keys_new();
  struct sigv4_signed out = {0};
  for (size_t i = 0; i < COUNT(answers); i++) {
    struct sigv4_header headers[4];
    size_t n = 0;
    for (; n < 4 && answers[i].headers[n][0]; n++)
      headers[n] =
          (struct sigv4_header){text(answers[i].headers[n][0]), text(answers[i].headers[n][1])};
    struct sigv4_request request = {text(answers[i].method),
                                    text(answers[i].path),
                                    text(answers[i].query),
                                    text(answers[i].body),
                                    headers,
                                    n};
    struct sigv4_options options = options_for(answers[i].service, answers[i].token);
    assert_int_equal(sigv4_sign(keys, &request, &options, &out), 0);
    assert_string_equal(out.date, "20150830T123600Z");
    assert_string_equal(out.canonical.data, answers[i].canonical);
    assert_string_equal(out.authorization.data, answers[i].authorization);
  }
  sigv4_signed_free(&out);
  sigv4_keys_free(keys);
}

static void paths(void **state) {
  (void)state;
  static const struct {
    enum sigv4_path mode;
    const char *path, *canonical;
  } rows[] = {
      {SIGV4_PATH_NORMAL, "", "/"},
      {SIGV4_PATH_NORMAL, "/", "/"},
      {SIGV4_PATH_NORMAL, "//", "/"},
      {SIGV4_PATH_NORMAL, "/a", "/a"},
      {SIGV4_PATH_NORMAL, "a", "/a"},
      {SIGV4_PATH_NORMAL, "a/", "/a/"},
      {SIGV4_PATH_NORMAL, "/a/./b//c/", "/a/b/c/"},
      {SIGV4_PATH_NORMAL, "/a/../b", "/b"},
      {SIGV4_PATH_NORMAL, "/a/b/..", "/a"},
      {SIGV4_PATH_NORMAL, "/a/b/../", "/a/"},
      {SIGV4_PATH_NORMAL, "/..", "/"},
      {SIGV4_PATH_NORMAL, "/../../a/..", "/"},
      {SIGV4_PATH_NORMAL, "/a/../../../b", "/b"},
      {SIGV4_PATH_NORMAL, "/.../..a/a..", "/.../..a/a.."},
      {SIGV4_PATH_NORMAL, "/%2e%2e/%3A", "/%252e%252e/%253A"},
      {SIGV4_PATH_NORMAL, "/a b+c~d", "/a%20b%2Bc~d"},
      {SIGV4_PATH_NORMAL, "/\xe1\x88\xb4", "/%E1%88%B4"},
      {SIGV4_PATH_KEPT, "", "/"},
      {SIGV4_PATH_KEPT, "//a/./..", "//a/./.."},
      {SIGV4_PATH_KEPT, "/%20", "/%2520"},
      {SIGV4_PATH_S3, "/a//../%20", "/a//../%20"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct bytes out = {0};
    assert_int_equal(sigv4_canonical_path(text(rows[i].path), rows[i].mode, &out), 0);
    assert_string_equal(out.data, rows[i].canonical);
    bytes_free(&out);
  }
}

static void queries(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"a", "a="},
      {"a=", "a="},
      {"=a", "=a"},
      {"a=b=c", "a=b%3Dc"},
      {"b=1&a=2", "a=2&b=1"},
      {"a=2&a=1&a", "a=&a=1&a=2"},
      {"a&&b&", "a=&b="},
      {"Param-3=1&Param=2&%E1=3", "%E1=3&Param=2&Param-3=1"},
      {"a-b=1&a=2&a%3D=3", "a=2&a%3D=3&a-b=1"},
      {"q=a+b%20c%2bd", "q=a%2Bb%20c%2Bd"},
      {"q=%", "q=%25"},
      {"q=%7E%41%2f", "q=~A%2F"},
      {"X-Amz-Signature=abc&X-Amz-Date=1", "X-Amz-Date=1"},
      {"q=\xe1\x88\xb4", "q=%E1%88%B4"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct bytes out = {0};
    assert_int_equal(sigv4_canonical_query(text(rows[i][0]), &out), 0);
    assert_string_equal(out.data, rows[i][1]);
    bytes_free(&out);
  }
}

/* Signs "GET /" with these headers; what canonical then holds between the query and the payload
 * hash. */
static void assert_headers(struct sigv4_keys *keys, const char *const headers[][2], size_t n,
                           const char *want) {
  struct sigv4_header list[8];
  struct sigv4_signed out = {0};
  for (size_t i = 0; i < n; i++)
    list[i] = (struct sigv4_header){text(headers[i][0]), text(headers[i][1])};
  struct sigv4_request request = {.method = text("GET"), .headers = list, .header_count = n};
  struct sigv4_options options = options_for("s", NULL);
  assert_int_equal(sigv4_sign(keys, &request, &options, &out), 0);
  out.canonical.data[out.canonical.len - 65] = '\0';
  assert_string_equal(out.canonical.data, want);
  sigv4_signed_free(&out);
}

static void headers(void **state) {
  (void)state;
  struct sigv4_keys *keys = sigv4_keys_new();
  static const char *const folded[][2] = {
      {"Z", "last"}, {"HOST", "h"}, {"A", "  a\t \tb\r\n  c  "}, {"a", ""}, {"A-b", "\"x   y\""}};
  assert_headers(keys, folded, 5,
                 "GET\n/\n\na:a b c,\na-b:\"x y\"\nhost:h\nx-amz-date:20150830T123600Z\nz:last\n\n"
                 "a;a-b;host;x-amz-date;z");
  static const char *const dropped[][2] = {{"User-Agent", "u"},    {"Host", "h"},
                                           {"X-Amz-Date", "old"},  {"Connection", "close"},
                                           {"Authorization", "x"}, {"Proxy-Any", "p"},
                                           {"Sec-Any", "s"},       {"Expect", "100-continue"}};
  assert_headers(keys, dropped, 8,
                 "GET\n/\n\nhost:h\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date");
  sigv4_keys_free(keys);
}

static void refusals(void **state) {
  (void)state;
  struct sigv4_keys *keys = sigv4_keys_new();
  struct sigv4_signed out = {0};
  struct sigv4_header many[SIGV4_MAX_HEADERS];
  struct sigv4_options options = options_for("s", NULL);
  for (size_t i = 0; i < SIGV4_MAX_HEADERS; i++)
    many[i] = (struct sigv4_header){text(i ? "x" : "host"), text("v")};
  struct sigv4_request request = {.method = text("GET"), .headers = many, .header_count = 0};
  assert_int_equal(sigv4_sign(keys, &request, &options, &out), UV_EINVAL);
  request.header_count = SIGV4_MAX_HEADERS;
  assert_int_equal(sigv4_sign(keys, &request, &options, &out), UV_E2BIG);
  request.header_count = SIGV4_MAX_HEADERS - 1; /* x-amz-date needs the last place */
  assert_int_equal(sigv4_sign(keys, &request, &options, &out), 0);
  sigv4_signed_free(&out);
  sigv4_keys_free(keys);
}

/* More scopes than the cache holds, twice over, with one secret changed half way: never another's
 * key. */
static void keys_are_never_mixed_up(void **state) {
  (void)state;
  struct sigv4_keys *shared = sigv4_keys_new();
  struct sigv4_signed cached = {0}, fresh = {0};
  struct sigv4_header host = {text("host"), text("h")};
  struct sigv4_request request = {.method = text("GET"), .headers = &host, .header_count = 1};
  for (int i = 0; i < 200; i++) {
    char region[16];
    struct sigv4_options options = options_for(i % 3 ? "s" : "ss", NULL);
    snprintf(region, sizeof region, "r%d", i % 50);
    options.region = text(region);
    options.time += (int64_t)(i % 2) * 86400;
    options.secret = text(i < 100 ? SECRET : "another");
    struct sigv4_keys *own = sigv4_keys_new();
    assert_int_equal(sigv4_sign(shared, &request, &options, &cached), 0);
    assert_int_equal(sigv4_sign(own, &request, &options, &fresh), 0);
    assert_string_equal(cached.signature, fresh.signature);
    sigv4_keys_free(own);
  }
  sigv4_signed_free(&cached);
  sigv4_signed_free(&fresh);
  sigv4_keys_free(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_answers), cmocka_unit_test(paths),
      cmocka_unit_test(queries),       cmocka_unit_test(headers),
      cmocka_unit_test(refusals),      cmocka_unit_test(keys_are_never_mixed_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
