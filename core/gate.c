/* SPDX-License-Identifier: MIT */
/* Judgement over request lines, header lines and whole heads (RFC 9110, RFC 9112), stricter where
 * strictness is safer. */
#define _GNU_SOURCE /* memrchr */
#include "gate.h"

#include "target.h"

#include <string.h>

static const struct http1_refusal refusals[] = {
    [GATE_OK] = {500, "internal_error", "no reason to refuse", NULL},
    [GATE_LINE_END] = {400, "bad_request", "a line does not end in CR LF", NULL},
    [GATE_CONTROL] = {400, "bad_request", "a control character in the head", NULL},
    [GATE_FOLD] = {400, "bad_request", "a folded header line", NULL},
    [GATE_NO_NAME] = {400, "bad_request", "a header without a name", NULL},
    [GATE_NAME] = {400, "bad_request", "a header line that is not Name: value", NULL},
    [GATE_ALIAS] = {400, "bad_request", "a header name with _ where - belongs", NULL},
    [GATE_REQUEST_LINE] = {400, "bad_request", "not a request line", NULL},
    [GATE_METHOD_UNKNOWN] = {501, "not_implemented", "unknown method", NULL},
    [GATE_METHOD_REFUSED] = {405, "method_not_allowed", "method not allowed", GATE_ALLOW},
    [GATE_VERSION] = {505, "http_version_not_supported", "HTTP/1.1 is spoken here", NULL},
    [GATE_TARGET] = {400, "bad_request", "not a valid request target", NULL},
    [GATE_HOST_MISSING] = {400, "bad_request", "no Host header", NULL},
    [GATE_HOST_MANY] = {400, "bad_request", "more than one Host header", NULL},
    [GATE_HOST] = {400, "bad_request", "not a valid Host header", NULL},
    [GATE_HOST_DIFFERS] = {400, "bad_request", "Host and target name different hosts", NULL},
    [GATE_TWICE] = {400, "bad_request",
                    "Authorization, Content-Type, Idempotency-Key and Origin may each come once",
                    NULL},
    [GATE_LENGTH] = {400, "bad_request", "not a valid Content-Length", NULL},
    [GATE_CODING] = {400, "bad_request", "not a valid Transfer-Encoding", NULL},
    [GATE_CODING_UNKNOWN] = {501, "not_implemented", "unknown transfer coding", NULL},
    [GATE_CODING_OLD] = {400, "bad_request", "Transfer-Encoding in HTTP/1.0", NULL},
    [GATE_EXPECT] = {417, "expectation_failed", "only 100-continue can be expected", NULL},
    [GATE_FRAMING] = {400, "bad_request", "malformed request", NULL},
    [GATE_CHUNK] = {400, "bad_request", "malformed chunk", NULL},
    [GATE_TRAILER] = {400, "bad_request", "a trailer that frames the message", NULL},
    [GATE_LINE_LONG] = {414, "uri_too_long", "the request line is too long", NULL},
    [GATE_HEADERS_LARGE] = {431, "headers_too_large", "the headers are too large", NULL},
    [GATE_FIELDS_MANY] = {431, "headers_too_large", "too many headers", NULL},
    [GATE_BODY_LARGE] = {413, "payload_too_large", "the body is too large", NULL},
    [GATE_MEMORY] = {503, "overloaded", "out of memory", NULL},
};

const struct http1_refusal *gate_refusal(enum gate why) {
  return &refusals[why];
}

/* tchar of RFC 9110 §5.6.2 */
static const bool token_chars[256] = {
    ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

bool gate_token(struct slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (!token_chars[(unsigned char)text.data[i]]) return false;
  return text.len > 0;
}

bool gate_may_start(char c) {
  return c == '\r' || c == '\n' || token_chars[(unsigned char)c];
}

enum gate gate_line(struct slice line) {
  if (line.len < 2 || line.data[line.len - 2] != '\r') return GATE_LINE_END;
  for (size_t i = 0; i < line.len - 2; i++) {
    unsigned char c = (unsigned char)line.data[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) return GATE_CONTROL;
  }
  return GATE_OK;
}

/* Names that a lax hop would read as the real one (RFC 9112 §11; CGI folds both to one). */
static enum gate alias(struct slice name) {
  static const char *const real[] = {
      "transfer-encoding", "content-length",    "content-type",
      "x-forwarded-for",   "x-forwarded-proto", "x-forwarded-host",
      "x-request-id",      "idempotency-key",   "stripe-signature",
  };
  if (!memchr(name.data, '_', name.len)) return GATE_OK;
  char folded[32];
  if (name.len >= sizeof folded) return GATE_OK;
  for (size_t i = 0; i < name.len; i++) folded[i] = name.data[i] == '_' ? '-' : name.data[i];
  for (size_t i = 0; i < sizeof real / sizeof *real; i++)
    if (http1_is((struct slice){folded, name.len}, real[i])) return GATE_ALIAS;
  return GATE_OK;
}

enum gate gate_field(struct slice line) {
  if (line.data[0] == ' ' || line.data[0] == '\t') return GATE_FOLD;
  const char *colon = memchr(line.data, ':', line.len);
  if (!colon) return GATE_NAME;
  struct slice name = {line.data, (size_t)(colon - line.data)};
  if (!name.len) return GATE_NO_NAME;
  return gate_token(name) ? alias(name) : GATE_NAME;
}

enum gate gate_trailer(struct slice name) {
  return http1_is(name, "content-length") || http1_is(name, "transfer-encoding") ? GATE_TRAILER
                                                                                 : GATE_OK;
}

/* --- chunks ----------------------------------------------------------------------------------- */

static const char *skip_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t')) at++;
  return at;
}

static const char *skip_token(const char *at, const char *end) {
  while (at < end && token_chars[(unsigned char)*at]) at++;
  return at;
}

/* Behind the closing quote, or at when there is none. */
static const char *skip_quoted(const char *at, const char *end) {
  for (const char *p = at + 1; p < end; p++) {
    if (*p == '"') return p + 1;
    if (*p == '\\') p++;
  }
  return at;
}

/* One ;name[=value]; NULL when it is not one. */
static const char *skip_extension(const char *at, const char *end) {
  at = skip_space(at, end);
  if (at == end || *at != ';') return NULL;
  const char *name = skip_space(at + 1, end);
  at = skip_token(name, end);
  const char *equals = skip_space(at, end);
  if (at == name || equals == end || *equals != '=') return at == name ? NULL : at;
  const char *value = skip_space(equals + 1, end);
  at = value < end && *value == '"' ? skip_quoted(value, end) : skip_token(value, end);
  return at == value ? NULL : at;
}

static bool is_hex(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

enum gate gate_chunk_line(struct slice line, size_t *digits) {
  const char *at = line.data, *end = line.data + line.len - 2;
  while (at < end && is_hex(*at)) at++;
  *digits = (size_t)(at - line.data);
  while (at && at < end) at = skip_extension(at, end);
  return *digits && at ? GATE_OK : GATE_CHUNK;
}

/* --- the request line ------------------------------------------------------------------------- */

static enum gate version(struct slice text, int *minor) {
  if (text.len != 8 || memcmp(text.data, "HTTP/", 5) || text.data[6] != '.')
    return GATE_REQUEST_LINE;
  char major = text.data[5], small = text.data[7];
  if (major < '0' || major > '9' || small < '0' || small > '9') return GATE_REQUEST_LINE;
  if (major != '1' || small > '1') return GATE_VERSION;
  *minor = small - '0';
  return GATE_OK;
}

static enum gate method(struct slice name) {
  static const char *const known[] = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i]) == name.len && !memcmp(name.data, known[i], name.len)) return GATE_OK;
  if (name.len == 7 && !memcmp(name.data, "CONNECT", 7)) return GATE_METHOD_REFUSED;
  if (name.len == 5 && !memcmp(name.data, "TRACE", 5)) return GATE_METHOD_REFUSED;
  return gate_token(name) ? GATE_METHOD_UNKNOWN : GATE_REQUEST_LINE;
}

enum gate gate_request_line(struct slice line, struct http1_request *r) {
  const char *end = line.data + line.len - 2;
  const char *first = memchr(line.data, ' ', (size_t)(end - line.data));
  const char *last = memrchr(line.data, ' ', (size_t)(end - line.data));
  if (!first || first == last) return GATE_REQUEST_LINE;
  r->method = (struct slice){line.data, (size_t)(first - line.data)};
  r->target = (struct slice){first + 1, (size_t)(last - first - 1)};
  enum gate why = version((struct slice){last + 1, (size_t)(end - last - 1)}, &r->minor);
  if (!why) why = method(r->method);
  if (why) return why;
  struct target target;
  if (!target_parse(r->target, &target)) return GATE_TARGET;
  r->path = target.path;
  r->query = target.query;
  if (r->path.data[0] == '*' && !http1_is(r->method, "OPTIONS")) return GATE_TARGET;
  return GATE_OK;
}

/* --- the whole head --------------------------------------------------------------------------- */

static enum gate judge_length(struct slice value) {
  if (!value.len || (value.len > 1 && value.data[0] == '0')) return GATE_LENGTH;
  for (size_t i = 0; i < value.len; i++)
    if (value.data[i] < '0' || value.data[i] > '9') return GATE_LENGTH;
  return GATE_OK;
}

/* llhttp made sure that chunked comes last; a coding before it is one we do not speak. */
static enum gate judge_coding(struct slice value, int minor) {
  if (!minor) return GATE_CODING_OLD;
  if (http1_is(value, "chunked")) return GATE_OK;
  return value.len && memchr(value.data, ',', value.len) ? GATE_CODING_UNKNOWN : GATE_CODING;
}

static enum gate judge_host(struct http1_request *r, const struct slice *host) {
  if (!host) return r->minor ? GATE_HOST_MISSING : GATE_OK;
  if (!target_authority_valid(*host)) return GATE_HOST;
  struct target target;
  if (!target_parse(r->target, &target)) return GATE_TARGET;
  if (target.scheme.len && !target_authority_equal(*host, target.authority, target.scheme))
    return GATE_HOST_DIFFERS;
  return GATE_OK;
}

/* Of two values readers would take different ones. What frames the message gate_head sees to. */
static bool any_twice(const struct http1_request *r) {
  static const char *const single[] = {"authorization", "content-type", "idempotency-key",
                                       "origin"};
  unsigned seen = 0;
  for (size_t i = 0; i < r->header_count; i++)
    for (size_t j = 0; j < sizeof single / sizeof *single; j++) {
      if (!http1_is(r->headers[i].name, single[j])) continue;
      if (seen & 1u << j) return true;
      seen |= 1u << j;
    }
  return false;
}

enum gate gate_head(struct http1_request *r) {
  const struct slice *host = NULL, *length = NULL, *coding = NULL;
  enum gate why = GATE_OK;
  for (size_t i = 0; i < r->header_count && !why; i++) {
    const struct http1_header *h = &r->headers[i];
    if (http1_is(h->name, "host")) {
      if (host) why = GATE_HOST_MANY;
      host = &h->value;
    } else if (http1_is(h->name, "content-length")) {
      why = length ? GATE_LENGTH : judge_length(h->value);
      length = &h->value;
    } else if (http1_is(h->name, "transfer-encoding")) {
      why = coding ? GATE_CODING : judge_coding(h->value, r->minor);
      coding = &h->value;
    } else if (http1_is(h->name, "expect")) {
      if (!http1_is(h->value, "100-continue")) why = GATE_EXPECT;
      r->expects_continue = r->minor > 0;
    }
  }
  if (!why && length && coding) why = GATE_FRAMING;
  if (!why && any_twice(r)) why = GATE_TWICE;
  return why ? why : judge_host(r, host);
}
