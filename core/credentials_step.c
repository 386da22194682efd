/* SPDX-License-Identifier: MIT */
/* The requests of one step, and the pause between two tries of one: the pause's timer outlives the
 * step until it is closed. */
#include "credentials_step.h"

#include "file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attempts {
  uv_timer_t timer;
  struct step *step; /* NULL: the step is closed */
  struct client_call *call;
  unsigned left;
};

void found_wipe(struct found *f) {
  bytes_wipe(&f->access_key_id);
  bytes_wipe(&f->secret_access_key);
  bytes_wipe(&f->session_token);
  f->expires = 0;
}

/* --- the tries -------------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *h) {
  free(h->data);
}

static void attempts_end(struct step *s) {
  struct attempts *a = s->attempts;
  if (!a) return;
  s->attempts = NULL;
  a->step = NULL;
  client_call_free(a->call);
  a->call = NULL;
  uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

static void deliver(struct step *s) {
  struct attempts *a = s->attempts;
  struct client_call *call = a->call;
  a->call = NULL;
  attempts_end(s);
  s->answered(s, call);
  client_call_free(call);
}

static bool worth_another(const struct step *s, const struct client_call *call) {
  if (s->again) return s->again(call);
  return client_call_error(call) != CLIENT_OK || client_call_status(call) != 200;
}

static void send_once(struct step *s);

static void on_pause_over(uv_timer_t *timer) {
  struct attempts *a = timer->data;
  if (a->step) send_once(a->step);
}

static void on_memory_out(uv_timer_t *timer) {
  struct attempts *a = timer->data;
  if (a->step) deliver(a->step);
}

static void on_done(struct client_call *call, void *ctx) {
  struct step *s = ctx;
  struct attempts *a = s->attempts;
  if (client_call_error(call) == CLIENT_CANCELED || --a->left == 0 || !worth_another(s, call)) {
    deliver(s);
    return;
  }
  client_call_free(call);
  a->call = NULL;
  uv_timer_start(&a->timer, on_pause_over, s->pace_ms, 0);
}

static void send_once(struct step *s) {
  const char *lines[STEP_HEADERS];
  for (size_t i = 0; i < s->header_count; i++) lines[i] = s->headers[i].data;
  uv_update_time(s->loop);
  const struct client_request r = {
      .method = s->method,
      .url = s->url.data,
      .headers = lines,
      .header_count = s->header_count,
      .body = s->body.data,
      .body_len = s->body.len,
      .deadline_ms = uv_now(s->loop) + s->timeout_ms,
      .max_response = STEP_ANSWER_MAX,
      .repeatable = true,
  };
  s->attempts->call = client_send(s->client, &r, on_done, s);
  if (!s->attempts->call) uv_timer_start(&s->attempts->timer, on_memory_out, 0, 0);
}

void step_clear(struct step *s, const char *method) {
  bytes_wipe(&s->url);
  bytes_wipe(&s->body);
  for (size_t i = 0; i < STEP_HEADERS; i++) bytes_wipe(&s->headers[i]);
  s->header_count = 0;
  s->method = method;
  s->again = NULL;
}

int step_header(struct step *s, const char *format, ...) {
  if (s->header_count == STEP_HEADERS) return UV_E2BIG;
  va_list args;
  va_start(args, format);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  struct bytes *line = &s->headers[s->header_count];
  if (len < 0 || bytes_reserve(line, (size_t)len)) return UV_ENOMEM;
  va_start(args, format);
  line->len = (size_t)vsnprintf(line->data, (size_t)len + 1, format, args);
  va_end(args);
  s->header_count++;
  return 0;
}

void step_send(struct step *s, void (*answered)(struct step *s, const struct client_call *call)) {
  struct attempts *a = calloc(1, sizeof *a);
  s->answered = answered;
  if (!a) {
    step_end(s, UV_ENOMEM, "out of memory");
    return;
  }
  uv_timer_init(s->loop, &a->timer);
  uv_unref((uv_handle_t *)&a->timer);
  a->timer.data = a;
  a->step = s;
  a->left = s->tries ? s->tries : 1;
  s->attempts = a;
  send_once(s);
}

/* --- the end ---------------------------------------------------------------------------------- */

int step_read_token(const char *path, struct bytes *out) {
  enum { TOKEN_MAX = 64 << 10 };
  int err = file_read(path, TOKEN_MAX, out);
  if (err || !memchr(out->data, '\0', out->len)) return err;
  bytes_wipe(out);
  return UV_EILSEQ;
}

int step_quote(struct bytes *out, const char *text, size_t len) {
  enum { MOST = 300 };
  size_t start = out->len, most = len < MOST ? len : MOST;
  int err = bytes_append(out, text, most);
  if (err) return err;
  for (size_t i = start; i < out->len; i++)
    if (out->data[i] < 0x20 || out->data[i] > 0x7e) out->data[i] = ' ';
  return len > MOST ? bytes_append(out, "...", 3) : 0;
}

void step_end(struct step *s, int err, const char *format, ...) {
  char text[512];
  if (err) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len > 0) bytes_append(&s->why, text, strlen(text));
  }
  s->on_end(s, err);
}

void step_end_call(struct step *s, const struct client_call *call, const char *who) {
  if (!call)
    step_end(s, UV_ENOMEM, "out of memory");
  else if (client_call_error(call) != CLIENT_OK)
    step_end(s, UV_EIO, "%s cannot be reached: %s", who, client_call_message(call));
  else
    step_end(s, UV_EIO, "%s answered %d", who, client_call_status(call));
}

void step_close(struct step *s) {
  attempts_end(s);
  step_clear(s, NULL);
  found_wipe(&s->found);
  bytes_wipe(&s->note);
  bytes_free(&s->why);
}
