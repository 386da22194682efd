/* SPDX-License-Identifier: MIT */
/* core/sigv4_verify: what sigv4_sign made is accepted however it is written; each way to be wrong
 * has its own answer. */
#include "unit.h"

#include "sigv4_verify.h"

#include <stdlib.h>
#include <string.h>

#define NOW       1440938160 /* 20150830T123600Z */
#define SCOPE     "AKID/20150830/us-east-1/dynamodb/aws4_request"
#define PARTS     "Credential=" SCOPE ", SignedHeaders=host;x-amz-date, Signature=00"
#define HEX_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct slice text(const char *s) {
  return (struct slice){s, strlen(s)};
}

static const struct {
  const char *authorization, *date_name, *date, *query; /* NULL: not sent */
  enum sigv4_problem problem;
  const char *message;
} unreadable[] = {
    {NULL, "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_MISSING,
     "Request is missing Authentication Token"},
    {"", "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_MISSING,
     "Request is missing Authentication Token"},
    {"Bearer abc", "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_MISSING,
     "Request is missing Authentication Token"},
    {"AWS AKID:sig", "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_MISSING,
     "Request is missing Authentication Token"},
    {"AWS4-HMAC-SHA256 " PARTS, "X-Amz-Date", "20150830T123600Z", "a=1&X-Amz-Algorithm=x",
     SIGV4_AMBIGUOUS,
     "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP "
     "header."},
    {"AWS4-HMAC-SHA1 " PARTS, "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_WRONG_ALGORITHM,
     "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."},
    {"AWS4-HMAC-SHA256", NULL, NULL, NULL, SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. "
     "Authorization header requires 'Signature' parameter. "
     "Authorization header requires 'SignedHeaders' parameter. "
     "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
     "Authorization=AWS4-HMAC-SHA256"},
    {"AWS4-", "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. "
     "Authorization header requires 'Signature' parameter. "
     "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-"},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE, "X-Amz-Date", "20150830T123600Z", NULL, SIGV4_INCOMPLETE,
     "Authorization header requires 'Signature' parameter. "
     "Authorization header requires 'SignedHeaders' parameter. "
     "Authorization=AWS4-HMAC-SHA256 Credential=" SCOPE},
    {"AWS4-HMAC-SHA256 Credential=, SignedHeaders=a, Signature=b", "X-Amz-Date", "20150830T123600Z",
     NULL, SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. "
     "Authorization=AWS4-HMAC-SHA256 Credential=, SignedHeaders=a, Signature=b"},
    {"AWS4-HMAC-SHA256 " PARTS, NULL, NULL, NULL, SIGV4_INCOMPLETE,
     "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
     "Authorization=AWS4-HMAC-SHA256 " PARTS},
    {"AWS4-HMAC-SHA256 Credential=AKID/20150830, SignedHeaders=a, Signature=b", "X-Amz-Date",
     "20150830T123600Z", NULL, SIGV4_CREDENTIAL,
     "Credential must have exactly 5 slash-delimited elements, e.g. "
     "keyid/date/region/service/term, got 'AKID/20150830'"},
    {"AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=a, Signature=b", "X-Amz-Date",
     "20150830T123600Z", NULL, SIGV4_CREDENTIAL,
     "Credential must have exactly 5 slash-delimited elements, e.g. "
     "keyid/date/region/service/term, got 'a/b/c/d/e/f'"},
    {"AWS4-HMAC-SHA256 " PARTS, "X-Amz-Date", "2015-08-30", NULL, SIGV4_DATE,
     "Date must be in ISO-8601 'basic format'. Got '2015-08-30'. "
     "See http://en.wikipedia.org/wiki/ISO_8601"},
    {"AWS4-HMAC-SHA256 " PARTS, "Date", "yesterday", NULL, SIGV4_DATE,
     "Date must be in ISO-8601 'basic format'. Got 'yesterday'. "
     "See http://en.wikipedia.org/wiki/ISO_8601"},
};

static void what_cannot_be_read(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(unreadable); i++) {
    struct sigv4_header headers[3] = {{text("Host"), text("h")}};
    size_t n = 1;
    if (unreadable[i].authorization)
      headers[n++] =
          (struct sigv4_header){text("AUTHORIZATION"), text(unreadable[i].authorization)};
    if (unreadable[i].date)
      headers[n++] = (struct sigv4_header){text(unreadable[i].date_name), text(unreadable[i].date)};
    struct sigv4_request request = {.method = text("POST"), .headers = headers, .header_count = n};
    if (unreadable[i].query) request.query = text(unreadable[i].query);
    struct sigv4_auth auth;
    struct bytes message = {0};
    enum sigv4_problem problem = sigv4_read(&request, &auth);
    assert_string_equal(sigv4_problem_name(problem), sigv4_problem_name(unreadable[i].problem));
    assert_int_equal(sigv4_problem_message(problem, &auth, NULL, &message), 0);
    assert_string_equal(message.data, unreadable[i].message);
    bytes_free(&message);
  }
}

/* A signed request, as sigv4_sign makes it, that a row may spoil before it is checked. */
struct scene {
  struct sigv4_keys *keys;
  struct sigv4_signed made, work;
  struct sigv4_header headers[16];
  struct sigv4_request request;
  struct sigv4_options options;
  struct sigv4_expect expect;
  struct sigv4_auth auth;
};

static void scene_open(struct scene *s, bool sign_body) {
  memset(s, 0, sizeof *s);
  s->keys = sigv4_keys_new();
  s->headers[0] = (struct sigv4_header){text("Host"), text("localhost:8000")};
  s->headers[1] = (struct sigv4_header){text("X-Amz-Target"), text("DynamoDB_20120810.PutItem")};
  s->headers[2] = (struct sigv4_header){text("X-Twice"), text(" one ")};
  s->headers[3] = (struct sigv4_header){text("x-twice"), text("two")};
  s->request = (struct sigv4_request){text("POST"), text("/a/../b c"), text("z=1&a=%7E"),
                                      text("{}"),   s->headers,        4};
  s->options = (struct sigv4_options){.access_key_id = text("AKID"),
                                      .secret = text("secret"),
                                      .token = text("TOKEN"),
                                      .region = text("us-east-1"),
                                      .service = text("dynamodb"),
                                      .time = NOW,
                                      .sign_body = sign_body};
  assert_int_equal(sigv4_sign(s->keys, &s->request, &s->options, &s->made), 0);
  s->headers[4] = (struct sigv4_header){text("X-Amz-Date"), text(s->made.date)};
  s->headers[5] = (struct sigv4_header){text("X-Amz-Security-Token"), text("TOKEN")};
  s->headers[6] = (struct sigv4_header){text("Authorization"), text(s->made.authorization.data)};
  s->headers[7] = (struct sigv4_header){text("Amz-Sdk-Request"), text("attempt=1")};
  s->headers[8] = (struct sigv4_header){text("X-Amz-Content-Sha256"), text(s->made.payload_hash)};
  s->request.header_count = sign_body ? 9 : 8;
  s->expect = (struct sigv4_expect){.secret = text("secret"),
                                    .region = text("us-east-1"),
                                    .service = text("dynamodb"),
                                    .now = NOW,
                                    .window = 300};
}

static void scene_check(struct scene *s, enum sigv4_problem want, const char *message) {
  enum sigv4_problem got;
  struct bytes said = {0};
  assert_int_equal(sigv4_read(&s->request, &s->auth), SIGV4_OK);
  assert_int_equal(sigv4_check(s->keys, &s->request, &s->auth, &s->expect, &s->work, &got), 0);
  assert_string_equal(sigv4_problem_name(got), sigv4_problem_name(want));
  assert_int_equal(sigv4_problem_message(got, &s->auth, &s->expect, &said), 0);
  if (message) assert_string_equal(said.data, message);
  bytes_free(&said);
}

static void scene_close(struct scene *s) {
  sigv4_signed_free(&s->made);
  sigv4_signed_free(&s->work);
  sigv4_keys_free(s->keys);
}

static void what_was_signed_is_accepted(void **state) {
  (void)state;
  for (int sign_body = 0; sign_body < 2; sign_body++) {
    struct scene s;
    scene_open(&s, sign_body);
    scene_check(&s, SIGV4_OK, NULL);
    assert_memory_equal(s.auth.access_key_id.data, "AKID", s.auth.access_key_id.len);
    assert_memory_equal(s.auth.scope.service.data, "dynamodb", s.auth.scope.service.len);
    assert_memory_equal(s.auth.token.data, "TOKEN", s.auth.token.len);
    assert_int_equal(s.auth.time, NOW);
    s.expect.region = s.expect.service = (struct slice){0};
    s.expect.window = 0;
    s.expect.now = 0;
    scene_check(&s, SIGV4_OK, NULL);
    scene_close(&s);
  }
}

/* The same Authorization, its parameters separated by sep. */
static char *respaced(const char *authorization, const char *sep) {
  char *out = calloc(2, strlen(authorization));
  assert_non_null(out);
  for (const char *at = authorization; *at; at++) {
    if (*at == ',') {
      strcat(out, sep);
      at++;
    } else
      strncat(out, at, 1);
  }
  return out;
}

static void authorization_may_be_spaced_in_any_way(void **state) {
  (void)state;
  static const char *const rows[] = {",", " ", ",  ", " , ", ",\t"};
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct scene s;
    scene_open(&s, false);
    char *other = respaced(s.made.authorization.data, rows[i]);
    s.headers[6].value = text(other);
    scene_check(&s, SIGV4_OK, NULL);
    free(other);
    scene_close(&s);
  }
}

static void a_date_header_is_enough(void **state) {
  (void)state;
  struct scene s;
  scene_open(&s, false);
  s.headers[4] = (struct sigv4_header){text("Date"), text("Sun, 30 Aug 2015 12:36:00 GMT")};
  assert_int_equal(sigv4_read(&s.request, &s.auth), SIGV4_OK);
  assert_int_equal(s.auth.time, NOW);
  assert_string_equal(s.auth.date, "20150830T123600Z");
  scene_close(&s);
}

#define MISMATCH                                                                                   \
  "The request signature we calculated does not match the signature you provided. Check your AWS " \
  "Secret Access Key and signing method. Consult the service documentation for details."

static void every_signed_part_counts(void **state) {
  (void)state;
  struct scene s;
  for (int part = 0; part < 9; part++) {
    scene_open(&s, false);
    switch (part) {
    case 0: s.request.method = text("PUT"); break;
    case 1: s.request.path = text("/b"); break;
    case 2: s.request.query = text("z=2&a=~"); break;
    case 3: s.request.body = text("{} "); break;
    case 4: s.headers[0].value = text("localhost"); break;
    case 5: s.headers[2].value = text("on e"); break;
    case 6: s.headers[5].value = text("OTHER"); break;
    case 7: s.headers[5].name = text("X-Other"); break; /* signed, but not sent */
    case 8: s.expect.secret = text("secreT"); break;
    }
    scene_check(&s, SIGV4_SIGNATURE, MISMATCH);
    scene_close(&s);
  }
}

static void what_is_equivalent_does_not_count(void **state) {
  (void)state;
  struct scene s;
  scene_open(&s, false);
  s.request.path = text("//./b c");
  s.request.query = text("a=~&z=1");
  s.headers[2].value = text("one");
  s.headers[7].value = text("attempt=2");
  scene_check(&s, SIGV4_OK, NULL);
  scene_close(&s);
}

static void claims(void **state) {
  (void)state;
  static const struct {
    const char *region, *service;
    int64_t late;
    enum sigv4_problem problem;
    const char *message;
  } rows[] = {
      {"eu-west-1", "dynamodb", 0, SIGV4_SCOPE, "Credential should be scoped to a valid region."},
      {"us-east-1", "ses", 0, SIGV4_SCOPE,
       "Credential should be scoped to correct service: 'ses'."},
      {"eu-west-1", "ses", 0, SIGV4_SCOPE,
       "Credential should be scoped to a valid region. "
       "Credential should be scoped to correct service: 'ses'."},
      {"us-east-1", "dynamodb", 300, SIGV4_OK, NULL},
      {"us-east-1", "dynamodb", -300, SIGV4_OK, NULL},
      {"us-east-1", "dynamodb", 600, SIGV4_EXPIRED,
       "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z "
       "(20150830T124600Z - 5 min.)"},
      {"eu-west-1", "ses", 600, SIGV4_EXPIRED,
       "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z "
       "(20150830T124600Z - 5 min.)"},
      {"us-east-1", "dynamodb", -301, SIGV4_EARLY,
       "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
       "(20150830T123059Z + 5 min.)"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct scene s;
    scene_open(&s, false);
    s.expect.region = text(rows[i].region);
    s.expect.service = text(rows[i].service);
    s.expect.now = NOW + rows[i].late;
    scene_check(&s, rows[i].problem, rows[i].message);
    scene_close(&s);
  }
}

static void scopes_that_contradict_the_request(void **state) {
  (void)state;
  static const struct {
    const char *authorization;
    enum sigv4_problem problem;
    const char *message;
  } rows[] = {
      {"AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/dynamodb/aws5_request, "
       "SignedHeaders=host;x-amz-date, Signature=00",
       SIGV4_SCOPE,
       "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
      {"AWS4-HMAC-SHA256 Credential=AKID/20150831/us-east-1/dynamodb/aws4_request, "
       "SignedHeaders=host;x-amz-date, Signature=00",
       SIGV4_SCOPE,
       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
       "'20150831' != '20150830', from '20150830T123600Z'."},
      {"AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=x-amz-date, Signature=00",
       SIGV4_UNSIGNED, NULL},
      {"AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host, Signature=00", SIGV4_UNSIGNED,
       NULL},
      {"AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host;x-amz-date, Signature=00",
       SIGV4_SIGNATURE, MISMATCH},
      {"AWS4-HMAC-SHA256 Credential=" SCOPE
       ", SignedHeaders=;;host;HOST;x-amz-date;;, Signature=" HEX_EMPTY,
       SIGV4_SIGNATURE, MISMATCH},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct scene s;
    scene_open(&s, false);
    s.headers[6].value = text(rows[i].authorization);
    scene_check(&s, rows[i].problem, rows[i].message);
    scene_close(&s);
  }
}

static void the_claimed_payload_must_be_the_sent_one(void **state) {
  (void)state;
  static const struct {
    const char *claimed;
    bool unsigned_payload;
    enum sigv4_problem problem;
  } rows[] = {
      {HEX_EMPTY, false, SIGV4_PAYLOAD},
      {"UNSIGNED-PAYLOAD", false, SIGV4_PAYLOAD},
      {"UNSIGNED-PAYLOAD", true, SIGV4_SIGNATURE}, /* readable; but signed was the hash */
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, SIGV4_PAYLOAD},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct scene s;
    scene_open(&s, true);
    s.headers[8].value = text(rows[i].claimed);
    s.expect.unsigned_payload = rows[i].unsigned_payload;
    scene_check(&s, rows[i].problem, NULL);
    scene_close(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_cannot_be_read),
      cmocka_unit_test(what_was_signed_is_accepted),
      cmocka_unit_test(authorization_may_be_spaced_in_any_way),
      cmocka_unit_test(a_date_header_is_enough),
      cmocka_unit_test(every_signed_part_counts),
      cmocka_unit_test(what_is_equivalent_does_not_count),
      cmocka_unit_test(claims),
      cmocka_unit_test(scopes_that_contradict_the_request),
      cmocka_unit_test(the_claimed_payload_must_be_the_sent_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
