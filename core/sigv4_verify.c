/* SPDX-License-Identifier: MIT */
/* Verifying: the sandbox plays AWS with this. The canonical request is built from what arrived and
 * the client's own list of signed headers; the two signatures are compared in constant time. */
#include "sigv4_verify.h"

#include "digest.h"
#include "http1_request.h"
#include "sigv4_canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool same(struct slice a, const char *b) {
  return a.len == strlen(b) && !memcmp(a.data, b, a.len);
}

static bool same_slice(struct slice a, struct slice b) {
  return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static bool same_name(struct slice a, struct slice b) {
  return a.len == b.len && !strncasecmp(a.data, b.data, a.len);
}

static struct slice header(const struct sigv4_request *request, const char *name) {
  for (size_t i = 0; i < request->header_count; i++)
    if (http1_is(request->headers[i].name, name)) return request->headers[i].value;
  return (struct slice){0};
}

/* The next piece of *rest up to one of stops; none left: false. Pieces may be empty only between
 * other stops than blanks. */
static bool next_piece(struct slice *rest, const char *stops, struct slice *piece) {
  while (rest->len && memchr(stops, rest->data[0], strlen(stops))) rest->data++, rest->len--;
  if (!rest->len) return false;
  size_t len = 0;
  while (len < rest->len && !memchr(stops, rest->data[len], strlen(stops))) len++;
  *piece = (struct slice){rest->data, len};
  rest->data += len;
  rest->len -= len;
  return true;
}

/* Commas with or without blanks, or blanks alone: clients differ. */
static void read_parameters(struct slice rest, struct sigv4_auth *auth) {
  struct slice piece;
  while (next_piece(&rest, ", \t", &piece)) {
    const char *equals = memchr(piece.data, '=', piece.len);
    if (!equals) continue;
    struct slice name = {piece.data, (size_t)(equals - piece.data)};
    struct slice value = {equals + 1, piece.len - name.len - 1};
    if (same(name, "Credential")) auth->credential = value;
    if (same(name, "SignedHeaders")) auth->signed_headers = value;
    if (same(name, "Signature")) auth->signature = value;
  }
}

static bool read_credential(struct sigv4_auth *auth) {
  struct slice *const parts[] = {&auth->access_key_id, &auth->scope.date, &auth->scope.region,
                                 &auth->scope.service, &auth->terminator};
  const char *at = auth->credential.data, *end = at + auth->credential.len;
  for (int i = 0; i < 5; i++) {
    const char *slash = memchr(at, '/', (size_t)(end - at));
    if ((i < 4) != (slash != NULL)) return false;
    *parts[i] = (struct slice){at, (size_t)((slash ? slash : end) - at)};
    if (!parts[i]->len) return false;
    at = slash ? slash + 1 : end;
  }
  return true;
}

static bool read_date(struct sigv4_auth *auth) {
  bool ok = timestamp_parse_basic(auth->sent_date, &auth->time) ||
            timestamp_parse_http(auth->sent_date, &auth->time);
  if (ok) timestamp_basic(auth->time, auth->date);
  return ok;
}

static bool signed_in_query(struct slice query) {
  static const char name[] = "X-Amz-Algorithm";
  struct slice piece;
  while (next_piece(&query, "&", &piece))
    if (piece.len >= sizeof name - 1 && !memcmp(piece.data, name, sizeof name - 1)) return true;
  return false;
}

enum sigv4_problem sigv4_read(const struct sigv4_request *request, struct sigv4_auth *auth) {
  *auth = (struct sigv4_auth){.header = header(request, "authorization")};
  struct slice rest = auth->header;
  if (!next_piece(&rest, " \t", &auth->algorithm)) return SIGV4_MISSING;
  if (auth->algorithm.len < 5 || memcmp(auth->algorithm.data, "AWS4-", 5)) return SIGV4_MISSING;
  if (signed_in_query(request->query)) return SIGV4_AMBIGUOUS;
  read_parameters(rest, auth);
  auth->sent_date = header(request, "x-amz-date");
  if (!auth->sent_date.len) auth->sent_date = header(request, "date");
  auth->token = header(request, "x-amz-security-token");
  auth->missing = (auth->credential.len ? 0 : SIGV4_NO_CREDENTIAL) |
                  (auth->signature.len ? 0 : SIGV4_NO_SIGNATURE) |
                  (auth->signed_headers.len ? 0 : SIGV4_NO_SIGNED_HEADERS) |
                  (auth->sent_date.len ? 0 : SIGV4_NO_DATE);
  if (auth->missing) return SIGV4_INCOMPLETE;
  if (!same(auth->algorithm, SIGV4_ALGORITHM)) return SIGV4_WRONG_ALGORITHM;
  if (!read_credential(auth)) return SIGV4_CREDENTIAL;
  return read_date(auth) ? SIGV4_OK : SIGV4_DATE;
}

static bool is_signed(const struct sigv4_auth *auth, const char *name) {
  struct slice rest = auth->signed_headers, piece;
  while (next_piece(&rest, ";", &piece))
    if (http1_is(piece, name)) return true;
  return false;
}

static enum sigv4_problem check_claims(const struct sigv4_request *request,
                                       const struct sigv4_auth *auth,
                                       const struct sigv4_expect *expect) {
  const struct sigv4_scope *scope = &auth->scope;
  const struct slice day = {auth->date, 8};
  if (!is_signed(auth, "host")) return SIGV4_UNSIGNED;
  if (header(request, "x-amz-date").len && !is_signed(auth, "x-amz-date")) return SIGV4_UNSIGNED;
  if (expect->window && auth->time < expect->now - expect->window) return SIGV4_EXPIRED;
  if (expect->window && auth->time > expect->now + expect->window) return SIGV4_EARLY;
  if (!same(auth->terminator, SIGV4_TERMINATOR) || !same_slice(scope->date, day) ||
      (expect->region.len && !same_slice(scope->region, expect->region)) ||
      (expect->service.len && !same_slice(scope->service, expect->service)))
    return SIGV4_SCOPE;
  return SIGV4_OK;
}

/* What the client hashed; false when it is not what it sent. */
static bool payload_matches(struct slice claimed, const char hash[64], bool unsigned_payload) {
  if (!claimed.len) return true;
  if (same(claimed, "UNSIGNED-PAYLOAD")) return unsigned_payload;
  return digest_equal(claimed.data, claimed.len, hash, 64);
}

static bool listed_before(struct slice list, struct slice name) {
  struct slice piece, rest = {list.data, (size_t)(name.data - list.data)};
  while (next_piece(&rest, ";", &piece))
    if (same_name(piece, name)) return true;
  return false;
}

/* Every header of the client's list, as often as it was sent; one that did not arrive counts as
 * empty. */
static int collect(const struct sigv4_request *request, struct slice list,
                   struct sigv4_headers *to) {
  struct slice rest = list, name;
  int err = 0;
  to->count = 0;
  while (!err && next_piece(&rest, ";", &name)) {
    bool found = false;
    if (listed_before(list, name)) continue;
    for (size_t i = 0; i < request->header_count && !err; i++) {
      if (!same_name(request->headers[i].name, name)) continue;
      err = sigv4_headers_add(to, name, request->headers[i].value);
      found = true;
    }
    if (!found && !err) err = sigv4_headers_add(to, name, (struct slice){"", 0});
  }
  return err;
}

int sigv4_check(struct sigv4_keys *keys, const struct sigv4_request *request,
                const struct sigv4_auth *auth, const struct sigv4_expect *expect,
                struct sigv4_signed *work, enum sigv4_problem *problem) {
  struct sigv4_headers headers;
  *problem = check_claims(request, auth, expect);
  if (*problem) return 0;
  int err = digest_sha256_hex(request->body.data, request->body.len, work->payload_hash);
  if (err) return err;
  struct slice claimed = header(request, "x-amz-content-sha256");
  *problem = SIGV4_PAYLOAD;
  if (!payload_matches(claimed, work->payload_hash, expect->unsigned_payload)) return 0;
  if (!claimed.len) claimed = (struct slice){work->payload_hash, 64};

  memcpy(work->date, auth->date, sizeof work->date);
  err = collect(request, auth->signed_headers, &headers);
  if (!err) err = sigv4_canonical(request, SIGV4_PATH_NORMAL, &headers, claimed, work);
  if (!err) err = sigv4_seal(keys, expect->secret, &auth->scope, work);
  if (err) return err;
  bool ok = digest_equal(work->signature, 64, auth->signature.data, auth->signature.len);
  *problem = ok ? SIGV4_OK : SIGV4_SIGNATURE;
  return 0;
}
