/* SPDX-License-Identifier: MIT */
/* What is wrong with a signature, in the words in which AWS says it. Called by bindings/sigv4.c for
 * the sandbox. */
#include "sigv4_verify.h"

#include <string.h>

#define SLICE(s) (int)(s).len, (s).data

const char *sigv4_problem_name(enum sigv4_problem problem) {
  static const char *const names[] = {
      [SIGV4_OK] = "ok",
      [SIGV4_MISSING] = "missing",
      [SIGV4_AMBIGUOUS] = "ambiguous",
      [SIGV4_WRONG_ALGORITHM] = "algorithm",
      [SIGV4_INCOMPLETE] = "incomplete",
      [SIGV4_CREDENTIAL] = "credential",
      [SIGV4_DATE] = "date",
      [SIGV4_UNSIGNED] = "unsigned",
      [SIGV4_SCOPE] = "scope",
      [SIGV4_EXPIRED] = "expired",
      [SIGV4_EARLY] = "early",
      [SIGV4_PAYLOAD] = "payload",
      [SIGV4_SIGNATURE] = "signature",
  };
  return names[problem];
}

static int incomplete(const struct sigv4_auth *auth, struct bytes *out) {
  static const struct {
    unsigned part;
    const char *sentence;
  } parts[] = {
      {SIGV4_NO_CREDENTIAL, "Authorization header requires 'Credential' parameter. "},
      {SIGV4_NO_SIGNATURE, "Authorization header requires 'Signature' parameter. "},
      {SIGV4_NO_SIGNED_HEADERS, "Authorization header requires 'SignedHeaders' parameter. "},
      {SIGV4_NO_DATE, "Authorization header requires existence of either a 'X-Amz-Date' or a "
                      "'Date' header. "},
  };
  int err = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts && !err; i++)
    if (auth->missing & parts[i].part)
      err = bytes_append(out, parts[i].sentence, strlen(parts[i].sentence));
  return err ? err : bytes_printf(out, "Authorization=%.*s", SLICE(auth->header));
}

static bool differs(struct slice got, struct slice wanted) {
  return wanted.len && (got.len != wanted.len || memcmp(got.data, wanted.data, got.len));
}

static int scope(const struct sigv4_auth *auth, const struct sigv4_expect *expect,
                 struct bytes *out) {
  const struct slice day = {auth->date, 8}, terminator = {SIGV4_TERMINATOR, 12};
  const struct slice region = expect ? expect->region : (struct slice){0};
  const struct slice service = expect ? expect->service : (struct slice){0};
  int err = 0;
  if (differs(auth->scope.region, region))
    err = bytes_printf(out, "Credential should be scoped to a valid region. ");
  if (!err && differs(auth->scope.service, service))
    err = bytes_printf(out, "Credential should be scoped to correct service: '%.*s'. ",
                       SLICE(service));
  if (!err && differs(auth->terminator, terminator))
    err = bytes_printf(out,
                       "Credential should be scoped with a valid terminator: '" SIGV4_TERMINATOR
                       "', not '%.*s'. ",
                       SLICE(auth->terminator));
  if (!err && differs(auth->scope.date, day))
    err = bytes_printf(out,
                       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                       "date from HTTP: '%.*s' != '%.*s', from '%s'. ",
                       SLICE(auth->scope.date), SLICE(day), auth->date);
  if (!err && out->len) out->data[--out->len] = '\0'; /* the last sentence's blank */
  return err;
}

static int out_of_time(enum sigv4_problem problem, const struct sigv4_auth *auth,
                       const struct sigv4_expect *expect, struct bytes *out) {
  char now[TIMESTAMP_BASIC + 1], limit[TIMESTAMP_BASIC + 1];
  bool expired = problem == SIGV4_EXPIRED;
  timestamp_basic(expect->now, now);
  timestamp_basic(expect->now + (expired ? -expect->window : expect->window), limit);
  return bytes_printf(out, "Signature %s: %s is %s %s (%s %c %d min.)",
                      expired ? "expired" : "not yet current", auth->date,
                      expired ? "now earlier than" : "still later than", limit, now,
                      expired ? '-' : '+', (int)(expect->window / 60));
}

int sigv4_problem_message(enum sigv4_problem problem, const struct sigv4_auth *auth,
                          const struct sigv4_expect *expect, struct bytes *out) {
  switch (problem) {
  case SIGV4_OK: return 0;
  case SIGV4_MISSING: return bytes_printf(out, "Request is missing Authentication Token");
  case SIGV4_AMBIGUOUS:
    return bytes_printf(out, "Found both 'X-Amz-Algorithm' as a query-string param and "
                             "'Authorization' as HTTP header.");
  case SIGV4_WRONG_ALGORITHM:
    return bytes_printf(out, "Unsupported AWS 'algorithm': '%.*s'.", SLICE(auth->algorithm));
  case SIGV4_INCOMPLETE: return incomplete(auth, out);
  case SIGV4_CREDENTIAL:
    return bytes_printf(out,
                        "Credential must have exactly 5 slash-delimited elements, e.g. "
                        "keyid/date/region/service/term, got '%.*s'",
                        SLICE(auth->credential));
  case SIGV4_DATE:
    return bytes_printf(out,
                        "Date must be in ISO-8601 'basic format'. Got '%.*s'. "
                        "See http://en.wikipedia.org/wiki/ISO_8601",
                        SLICE(auth->sent_date));
  case SIGV4_UNSIGNED:
    return bytes_printf(out, "'Host' and 'X-Amz-Date' must be a 'SignedHeader' in the AWS "
                             "Authorization.");
  case SIGV4_SCOPE: return scope(auth, expect, out);
  case SIGV4_EXPIRED:
  case SIGV4_EARLY: return out_of_time(problem, auth, expect, out);
  case SIGV4_PAYLOAD:
  case SIGV4_SIGNATURE: break;
  }
  return bytes_printf(out, "The request signature we calculated does not match the signature you "
                           "provided. Check your AWS Secret Access Key and signing method. Consult "
                           "the service documentation for details.");
}
