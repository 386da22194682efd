/* SPDX-License-Identifier: MIT */
/* The parser: heads and trailers are gathered line by line and judged as each line ends, then
 * llhttp gets them in one piece, so that every slice points into one buffer; bodies go through
 * llhttp as they come. */
#include "http1.h"

#include "gate.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

enum {
  EMPTY_LINES = 4,   /* tolerated before a request (RFC 9112 §2.2 asks for at least one) */
  CHUNK_LINE = 1024, /* bytes of a chunk's size and extensions */
  SURE = 65536,      /* a promised length is believed up to here before the bytes come */
  KEEP = 8192,       /* larger buffers are given back between requests */
};

enum part { PART_DATA, PART_CHUNK_LINE, PART_TRAILER }; /* of a body: what comes next */

struct http1 {
  const struct http1_limits *limits;
  enum http1_state state;
  enum gate why;
  llhttp_t parser;
  struct bytes head, aside, body; /* aside: a chunk's line, the trailers */
  size_t line;                    /* where the line that is being gathered starts */
  size_t first_line;              /* bytes of the request line with its end */
  size_t fields;                  /* header and trailer lines so far */
  size_t blank;                   /* bytes that stood behind values */
  unsigned empty_lines;
  struct http1_header *headers;
  size_t header_room;
  struct http1_request request;
  bool has_head, is_head, done;
  enum part part;
};

/* --- llhttp's callbacks ----------------------------------------------------------------------- */

static int refuse(struct http1 *p, enum gate why) {
  if (!p->why) p->why = why;
  return -1;
}

static struct slice trimmed(const char *at, size_t len) {
  while (len && (at[len - 1] == ' ' || at[len - 1] == '\t')) len--;
  return (struct slice){at, len};
}

static int on_field(llhttp_t *parser, const char *at, size_t len) {
  struct http1 *p = parser->data;
  struct slice name = {at, len};
  if (p->part == PART_TRAILER) return gate_trailer(name) ? refuse(p, gate_trailer(name)) : 0;
  if (p->request.header_count == p->header_room) {
    size_t room = p->header_room ? p->header_room * 2 : 16;
    struct http1_header *more = realloc(p->headers, room * sizeof *more);
    if (!more) return refuse(p, GATE_MEMORY);
    p->request.headers = p->headers = more;
    p->header_room = room;
  }
  p->headers[p->request.header_count++] = (struct http1_header){name, {at + len, 0}};
  return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len) {
  struct http1 *p = parser->data;
  if (p->part == PART_TRAILER) return 0;
  if (!p->request.header_count) return refuse(p, GATE_FRAMING);
  p->headers[p->request.header_count - 1].value = trimmed(at, len);
  return 0;
}

static int on_headers_complete(llhttp_t *parser) {
  struct http1 *p = parser->data;
  if (parser->flags & F_CHUNKED) p->part = PART_CHUNK_LINE;
  p->request.keep_alive = llhttp_should_keep_alive(parser) && !(parser->flags & F_CONNECTION_CLOSE);
  return 0;
}

static int on_chunk_header(llhttp_t *parser) {
  struct http1 *p = parser->data;
  if (parser->content_length > p->limits->body - p->body.len) return refuse(p, GATE_BODY_LARGE);
  p->part = parser->content_length ? PART_DATA : PART_TRAILER;
  return 0;
}

static int on_chunk_complete(llhttp_t *parser) {
  struct http1 *p = parser->data;
  if (p->part != PART_DATA) return 0;
  p->part = PART_CHUNK_LINE;
  return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *at, size_t len) {
  struct http1 *p = parser->data;
  if (len > p->limits->body - p->body.len) return refuse(p, GATE_BODY_LARGE);
  return bytes_append(&p->body, at, len) ? refuse(p, GATE_MEMORY) : 0;
}

static int on_message_complete(llhttp_t *parser) {
  ((struct http1 *)parser->data)->done = true;
  return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_chunk_complete = on_chunk_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static enum gate framing_fault(llhttp_errno_t err) {
  switch (err) {
  case HPE_INVALID_CONTENT_LENGTH: return GATE_LENGTH;
  case HPE_INVALID_TRANSFER_ENCODING: return GATE_CODING;
  case HPE_INVALID_CHUNK_SIZE: return GATE_CHUNK;
  default: return GATE_FRAMING;
  }
}

/* How many bytes llhttp took; p->why is set when it refused. */
static size_t run(struct http1 *p, const char *data, size_t len) {
  llhttp_errno_t err = llhttp_execute(&p->parser, data, len);
  if (err == HPE_OK) return len;
  if (err != HPE_PAUSED) {
    refuse(p, framing_fault(err));
    return len;
  }
  llhttp_resume(&p->parser);
  return (size_t)(llhttp_get_error_pos(&p->parser) - data);
}

/* --- head ------------------------------------------------------------------------------------- */

/* Gathers up to one line's end; returns the bytes taken, *ended says whether the line is whole. */
static size_t gather(struct http1 *p, struct bytes *into, const char *data, size_t len,
                     bool *ended) {
  const char *end = memchr(data, '\n', len);
  size_t take = end ? (size_t)(end - data) + 1 : len;
  *ended = end != NULL;
  if (bytes_append(into, data, take)) refuse(p, GATE_MEMORY);
  return take;
}

/* Sizes first, whole line or not, so that the way the bytes were cut makes no difference. */
static enum gate judge_size(const struct http1 *p) {
  if (!p->line) return p->head.len > p->limits->request_line + 2 ? GATE_LINE_LONG : GATE_OK;
  size_t fields = p->head.len - p->first_line + p->blank;
  return fields > p->limits->headers ? GATE_HEADERS_LARGE : GATE_OK;
}

static enum gate judge_field(struct http1 *p, struct slice line) {
  if (++p->fields > p->limits->fields) return GATE_FIELDS_MANY;
  return gate_field(line);
}

/* What may stand behind a value; llhttp takes a tab there for a part of lengths and codings. */
static void cut_blank(struct http1 *p) {
  size_t end = p->head.len - 2, kept = end;
  while (p->head.data[kept - 1] == ' ' || p->head.data[kept - 1] == '\t') kept--;
  memcpy(p->head.data + kept, "\r\n", 2);
  p->blank += end - kept;
  p->head.len = kept + 2;
}

static enum gate finish_head(struct http1 *p) {
  struct slice first = {p->head.data, p->first_line};
  enum gate why = gate_request_line(first, &p->request);
  if (why) return why;
  llhttp_init(&p->parser, HTTP_REQUEST, &callbacks);
  p->parser.data = p;
  p->request.headers = p->headers;
  if (run(p, p->head.data, p->head.len) != p->head.len) refuse(p, GATE_FRAMING);
  if (p->why) return p->why;
  why = gate_head(&p->request);
  if (why) return why;
  p->has_head = true;
  if (p->done) {
    p->state = HTTP1_REQUEST;
    return GATE_OK;
  }
  if (p->parser.content_length > p->limits->body) return GATE_BODY_LARGE;
  p->state = HTTP1_BODY;
  size_t sure = p->parser.content_length < SURE ? p->parser.content_length : SURE;
  return bytes_reserve(&p->body, sure) ? GATE_MEMORY : GATE_OK;
}

/* One whole line of the head is there. */
static enum gate end_line(struct http1 *p) {
  struct slice line = {p->head.data + p->line, p->head.len - p->line};
  enum gate why = gate_line(line);
  if (why) return why;
  bool first = !p->line, empty = line.len == 2;
  if (first && empty) {
    bytes_clear(&p->head);
    return ++p->empty_lines > EMPTY_LINES ? GATE_REQUEST_LINE : GATE_OK;
  }
  if (first) {
    p->line = p->head.len;
    p->first_line = p->head.len;
    why = gate_request_line(line, &p->request);
    p->is_head = p->request.method.len == 4 && !memcmp(p->request.method.data, "HEAD", 4);
    return why;
  }
  if (empty) return finish_head(p);
  why = judge_field(p, line);
  if (!why) cut_blank(p);
  p->line = p->head.len;
  return why;
}

static size_t take_head(struct http1 *p, const char *data, size_t len) {
  bool ended;
  if (!p->head.len && !gate_may_start(*data)) refuse(p, GATE_REQUEST_LINE);
  size_t took = gather(p, &p->head, data, len, &ended);
  if (!p->why) p->why = judge_size(p);
  if (!p->why && ended) p->why = end_line(p);
  return took;
}

/* --- body ------------------------------------------------------------------------------------- */

/* llhttp gets the size alone: 8.1.0 knows too few extensions, and none concerns us. */
static enum gate end_chunk_line(struct http1 *p, struct slice line) {
  size_t digits;
  enum gate why = gate_line(line);
  if (!why) why = gate_chunk_line(line, &digits);
  if (why) return why;
  run(p, line.data, digits);
  if (!p->why) run(p, "\r\n", 2);
  bytes_clear(&p->aside);
  p->line = 0;
  return p->why;
}

static size_t take_chunk_line(struct http1 *p, const char *data, size_t len) {
  bool ended;
  size_t took = gather(p, &p->aside, data, len, &ended);
  if (p->aside.len > CHUNK_LINE) refuse(p, GATE_CHUNK);
  if (!p->why && ended) p->why = end_chunk_line(p, (struct slice){p->aside.data, p->aside.len});
  return took;
}

/* Trailers are judged like headers and then dropped. */
static enum gate end_trailer_line(struct http1 *p, struct slice line) {
  enum gate why = gate_line(line);
  p->line = p->aside.len;
  if (why || line.len > 2) return why ? why : judge_field(p, line);
  run(p, p->aside.data, p->aside.len);
  return p->why || p->done ? p->why : GATE_TRAILER;
}

static size_t take_trailer(struct http1 *p, const char *data, size_t len) {
  bool ended;
  size_t took = gather(p, &p->aside, data, len, &ended);
  if (p->aside.len > p->limits->headers) refuse(p, GATE_HEADERS_LARGE);
  if (!p->why && ended)
    p->why = end_trailer_line(p, (struct slice){p->aside.data + p->line, p->aside.len - p->line});
  return took;
}

static size_t take_part(struct http1 *p, const char *data, size_t len) {
  switch (p->part) {
  case PART_CHUNK_LINE: return take_chunk_line(p, data, len);
  case PART_TRAILER: return take_trailer(p, data, len);
  default: return run(p, data, len);
  }
}

static size_t take_body(struct http1 *p, const char *data, size_t len) {
  size_t took = take_part(p, data, len);
  if (!p->why && p->done) {
    p->request.body = (struct slice){p->body.data, p->body.len};
    p->state = HTTP1_REQUEST;
  }
  return took;
}

/* --- the border ------------------------------------------------------------------------------- */

enum http1_state http1_feed(struct http1 *p, const char *data, size_t len, size_t *used) {
  enum http1_state before = p->state;
  size_t n = 0;
  while (n < len && p->state == before && p->state <= HTTP1_BODY) {
    n += before == HTTP1_HEAD ? take_head(p, data + n, len - n) : take_body(p, data + n, len - n);
    if (p->why) p->state = HTTP1_REFUSED;
  }
  *used = n;
  return p->state;
}

enum http1_state http1_state(const struct http1 *p) {
  return p->state;
}
bool http1_started(const struct http1 *p) {
  return p->head.len || p->empty_lines;
}
bool http1_has_head(const struct http1 *p) {
  return p->has_head;
}
bool http1_wants_head(const struct http1 *p) {
  return p->is_head;
}
const struct http1_request *http1_request(const struct http1 *p) {
  return &p->request;
}
const struct http1_refusal *http1_refusal(const struct http1 *p) {
  return gate_refusal(p->why);
}

struct http1 *http1_new(const struct http1_limits *limits) {
  struct http1 *p = calloc(1, sizeof *p);
  if (p) p->limits = limits;
  return p;
}

static struct bytes emptied(struct bytes b) {
  if (b.cap > KEEP)
    bytes_free(&b);
  else
    bytes_clear(&b);
  return b;
}

void http1_next(struct http1 *p) {
  struct http1 fresh = {
      .limits = p->limits,
      .head = emptied(p->head),
      .aside = emptied(p->aside),
      .body = emptied(p->body),
      .headers = p->headers,
      .header_room = p->header_room,
  };
  *p = fresh;
}

void http1_free(struct http1 *p) {
  if (!p) return;
  bytes_free(&p->head);
  bytes_free(&p->aside);
  bytes_free(&p->body);
  free(p->headers);
  free(p);
}
