/* SPDX-License-Identifier: MIT */
/* Reading and checking a request that somebody else signed, in the Authorization header. Two steps,
 * because the caller must learn the access key id before it can name the secret. Slices point into
 * the request. */
#ifndef USHER_SIGV4_VERIFY_H
#define USHER_SIGV4_VERIFY_H

#include "sigv4.h"

enum sigv4_problem {
  SIGV4_OK,
  /* from sigv4_read: there is nothing that could be checked */
  SIGV4_MISSING,         /* no Authorization, or not one of AWS */
  SIGV4_AMBIGUOUS,       /* signed in the header and in the query */
  SIGV4_WRONG_ALGORITHM, /* AWS4-, but not HMAC-SHA256 */
  SIGV4_INCOMPLETE,      /* see sigv4_auth.missing */
  SIGV4_CREDENTIAL,      /* not keyid/date/region/service/term */
  SIGV4_DATE,            /* x-amz-date, or date, cannot be read */
  /* from sigv4_check, in this order */
  SIGV4_UNSIGNED, /* host or x-amz-date is not among the signed headers */
  SIGV4_SCOPE,    /* terminator, date, region or service is not the expected one */
  SIGV4_EXPIRED,
  SIGV4_EARLY,
  SIGV4_PAYLOAD, /* x-amz-content-sha256 is not the hash of the body */
  SIGV4_SIGNATURE,
};

enum {
  SIGV4_NO_CREDENTIAL = 1,
  SIGV4_NO_SIGNATURE = 2,
  SIGV4_NO_SIGNED_HEADERS = 4,
  SIGV4_NO_DATE = 8
};

struct sigv4_auth {
  struct slice header; /* the whole of Authorization */
  struct slice algorithm, credential, signed_headers, signature;
  struct slice access_key_id, terminator;
  struct slice token;     /* x-amz-security-token, signed or not */
  struct slice sent_date; /* x-amz-date, or else date, as it was sent */
  struct sigv4_scope scope;
  char date[TIMESTAMP_BASIC + 1];
  int64_t time;
  unsigned missing; /* SIGV4_NO_… */
};

struct sigv4_expect {
  struct slice secret;
  struct slice region, service; /* len 0: any */
  int64_t now, window;          /* seconds; window 0: any time */
  /* x-amz-content-sha256: UNSIGNED-PAYLOAD may stand for the hash (over TLS only). */
  bool unsigned_payload;
};

enum sigv4_problem sigv4_read(const struct sigv4_request *request, struct sigv4_auth *auth);

/* 0 and the problem, UV_ENOMEM or UV_E2BIG. work receives what we would have signed. */
int sigv4_check(struct sigv4_keys *keys, const struct sigv4_request *request,
                const struct sigv4_auth *auth, const struct sigv4_expect *expect,
                struct sigv4_signed *work, enum sigv4_problem *problem);

const char *sigv4_problem_name(enum sigv4_problem problem); /* "missing", "incomplete", … */
/* Appends the sentence with which AWS answers. expect may be NULL for what sigv4_read found. */
int sigv4_problem_message(enum sigv4_problem problem, const struct sigv4_auth *auth,
                          const struct sigv4_expect *expect, struct bytes *out);

#endif
