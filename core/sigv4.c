/* SPDX-License-Identifier: MIT */
/* Signing: collect what is signed, canonicalise, seal. Called by bindings/sigv4.c; the client sends
 * what comes out. */
#include "sigv4.h"

#include "digest.h"
#include "encoding.h"
#include "http1_request.h"
#include "sigv4_canonical.h"
#include "sigv4_keys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

void sigv4_signed_free(struct sigv4_signed *s) {
  bytes_free(&s->signed_headers);
  bytes_free(&s->canonical);
  bytes_free(&s->string_to_sign);
  bytes_free(&s->authorization);
}

static struct slice text(const char *s) {
  return (struct slice){s, strlen(s)};
}

static bool begins(struct slice name, const char *lower) {
  size_t len = strlen(lower);
  return name.len >= len && !strncasecmp(name.data, lower, len);
}

/* Headers that a proxy may change or drop, and those that signing itself makes. */
static bool left_out(struct slice name, bool sign_body) {
  static const char *const names[] = {
      "authorization",     "cache-control",  "connection", "expect",     "from",
      "keep-alive",        "max-forwards",   "pragma",     "referer",    "te",
      "trailer",           "upgrade",        "user-agent", "x-amz-date", "x-amz-security-token",
      "transfer-encoding", "x-amzn-trace-id"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (http1_is(name, names[i])) return true;
  return begins(name, "proxy-") || begins(name, "sec-") ||
         (sign_body && http1_is(name, "x-amz-content-sha256"));
}

/* Takes what is to be signed; payload_hash becomes the header's value where the
 * caller brought one. */
static int collect(const struct sigv4_request *request, bool sign_body, struct sigv4_headers *to,
                   struct slice *payload_hash) {
  bool host = false;
  to->count = 0;
  for (size_t i = 0; i < request->header_count; i++) {
    const struct sigv4_header *h = &request->headers[i];
    if (left_out(h->name, sign_body)) continue;
    host = host || http1_is(h->name, "host");
    if (http1_is(h->name, "x-amz-content-sha256")) *payload_hash = h->value;
    int err = sigv4_headers_add(to, h->name, h->value);
    if (err) return err;
  }
  return host ? 0 : UV_EINVAL;
}

static int append(struct bytes *out, const struct slice *parts, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int err = bytes_append(out, parts[i].data, parts[i].len);
    if (err) return err;
  }
  return 0;
}
#define APPEND(out, ...)                                                                           \
  append(out, (const struct slice[]){__VA_ARGS__},                                                 \
         sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

static int append_scope(struct bytes *out, const struct sigv4_scope *scope) {
  return APPEND(out, scope->date, text("/"), scope->region, text("/"), scope->service,
                text("/" SIGV4_TERMINATOR));
}

int sigv4_seal(struct sigv4_keys *keys, struct slice secret, const struct sigv4_scope *scope,
               struct sigv4_signed *out) {
  struct bytes *to = &out->string_to_sign;
  unsigned char mac[DIGEST_SIZE];
  char hash[65];
  bytes_clear(to);
  int err = digest_sha256_hex(out->canonical.data, out->canonical.len, hash);
  if (!err) err = APPEND(to, text(SIGV4_ALGORITHM "\n"), text(out->date), text("\n"));
  if (!err) err = append_scope(to, scope);
  if (!err) err = APPEND(to, text("\n"), text(hash));
  if (err) return err;
  struct digest_key *key = sigv4_keys_get(keys, secret, scope);
  if (!key) return UV_ENOMEM;
  err = digest_key_hmac(key, to->data, to->len, mac);
  if (err) return err;
  hex_encode(mac, sizeof mac, out->signature);
  out->signature[64] = '\0';
  return 0;
}

/* What a signature in a header and one in the query have in common. */
static int begin(const struct sigv4_request *request, const struct sigv4_options *o,
                 struct sigv4_signed *out, struct sigv4_scope *scope, struct sigv4_headers *headers,
                 struct slice *payload_hash) {
  timestamp_basic(o->time, out->date);
  *scope = (struct sigv4_scope){{out->date, 8}, o->region, o->service};
  *payload_hash = (struct slice){out->payload_hash, 64};
  int err = digest_sha256_hex(request->body.data, request->body.len, out->payload_hash);
  return err ? err : collect(request, o->sign_body, headers, payload_hash);
}

int sigv4_sign(struct sigv4_keys *keys, const struct sigv4_request *request,
               const struct sigv4_options *o, struct sigv4_signed *out) {
  struct sigv4_headers headers;
  struct slice payload_hash;
  struct sigv4_scope scope;
  int err = begin(request, o, out, &scope, &headers, &payload_hash);
  if (!err) err = sigv4_headers_add(&headers, text("x-amz-date"), text(out->date));
  if (!err && o->token.len && !o->token_unsigned)
    err = sigv4_headers_add(&headers, text("x-amz-security-token"), o->token);
  if (!err && o->sign_body)
    err = sigv4_headers_add(&headers, text("x-amz-content-sha256"), payload_hash);
  if (!err) err = sigv4_canonical(request, o->path, &headers, payload_hash, out);
  if (!err) err = sigv4_seal(keys, o->secret, &scope, out);
  if (err) return err;

  struct bytes *to = &out->authorization;
  bytes_clear(to);
  err = APPEND(to, text(SIGV4_ALGORITHM " Credential="), o->access_key_id, text("/"));
  if (!err) err = append_scope(to, &scope);
  return err ? err
             : APPEND(to, text(", SignedHeaders="),
                      {out->signed_headers.data, out->signed_headers.len}, text(", Signature="),
                      text(out->signature));
}

static int append_parameter(struct bytes *query, const char *name, struct slice value) {
  int err = APPEND(query, text(query->len ? "&" : ""), text(name), text("="));
  if (!err) err = bytes_reserve(query, 3 * value.len);
  if (err) return err;
  query->len += percent_encode(value.data, value.len, 0, query->data + query->len);
  query->data[query->len] = '\0';
  return 0;
}

/* Everything of the query but the signature and, where it is not signed, the token. */
static int presigned_query(const struct sigv4_request *request, const struct sigv4_options *o,
                           const struct sigv4_scope *scope, struct sigv4_headers *headers,
                           struct sigv4_signed *out) {
  struct bytes *query = &out->authorization, credential = {0};
  char expires[16];
  snprintf(expires, sizeof expires, "%u", o->expires);
  bytes_clear(query);
  int err = APPEND(&credential, o->access_key_id, text("/"));
  if (!err) err = append_scope(&credential, scope);
  if (!err) err = APPEND(query, request->query);
  if (!err) err = append_parameter(query, "X-Amz-Algorithm", text(SIGV4_ALGORITHM));
  if (!err)
    err = append_parameter(query, "X-Amz-Credential",
                           (struct slice){credential.data, credential.len});
  if (!err) err = append_parameter(query, "X-Amz-Date", text(out->date));
  if (!err) err = append_parameter(query, "X-Amz-Expires", text(expires));
  /* The names of the signed headers come out of a first canonicalisation. */
  if (!err)
    err = sigv4_canonical(request, o->path, headers, (struct slice){out->payload_hash, 64}, out);
  if (!err)
    err = append_parameter(query, "X-Amz-SignedHeaders",
                           (struct slice){out->signed_headers.data, out->signed_headers.len});
  if (!err && o->token.len && !o->token_unsigned)
    err = append_parameter(query, "X-Amz-Security-Token", o->token);
  bytes_free(&credential);
  return err;
}

int sigv4_presign(struct sigv4_keys *keys, const struct sigv4_request *request,
                  const struct sigv4_options *o, struct sigv4_signed *out) {
  struct sigv4_headers headers;
  struct slice payload_hash;
  struct sigv4_scope scope;
  int err = begin(request, o, out, &scope, &headers, &payload_hash);
  if (!err) err = presigned_query(request, o, &scope, &headers, out);
  if (err) return err;
  struct sigv4_request signed_request = *request;
  signed_request.query = (struct slice){out->authorization.data, out->authorization.len};
  err = sigv4_canonical(&signed_request, o->path, &headers, payload_hash, out);
  if (!err) err = sigv4_seal(keys, o->secret, &scope, out);
  if (!err && o->token.len && o->token_unsigned)
    err = append_parameter(&out->authorization, "X-Amz-Security-Token", o->token);
  return err ? err : append_parameter(&out->authorization, "X-Amz-Signature", text(out->signature));
}
