/* SPDX-License-Identifier: MIT */
/* plan -> base -> roles -> region -> result. Each arrow is the end of a step. */
#include "credentials_round.h"

#include "container.h"
#include "credentials_plan.h"
#include "imds.h"
#include "sts.h"

#include <stdlib.h>
#include <string.h>

struct credentials_round {
  const struct credentials_round_settings *settings;
  struct credentials_plan *plan;
  struct step step;
  struct found found; /* the latest: base, or a role's */
  struct bytes why, url, region;
  const char *signing_region;
  unsigned roles_left;
  bool region_known;
  void (*on_done)(const struct credentials_result *, void *ctx);
  void *ctx;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void round_free(struct credentials_round *r) {
  step_close(&r->step);
  found_wipe(&r->found);
  credentials_plan_close(r->plan);
  bytes_free(&r->why);
  bytes_free(&r->url);
  bytes_free(&r->region);
  free(r);
}

void credentials_round_cancel(struct credentials_round *r) {
  if (r) round_free(r);
}

const char *credentials_round_source(const struct credentials_round *r) {
  return r->plan ? r->plan->source.data : "";
}

static void finish(struct credentials_round *r, int err) {
  const struct credentials_result result = {
      .err = err,
      .found = r->found,
      .source = credentials_round_source(r),
      .region = r->region.len ? r->region.data : NULL,
      .why = r->why.data ? r->why.data : uv_strerror(err),
      .fixed = r->plan && r->plan->base == CREDENTIALS_STATIC && !r->plan->role_count,
  };
  r->on_done(&result, r->ctx);
  round_free(r);
}

/* The places that were passed over, and what went wrong at the one that was asked. */
static void fail(struct credentials_round *r, int err, const char *what) {
  bytes_printf(&r->why, "%s (%s)", credentials_round_source(r), what);
  finish(r, err);
}

/* --- region ----------------------------------------------------------------------------------- */

static void on_region(struct step *s, int err) {
  struct credentials_round *r = s->ctx;
  if (!err) bytes_append(&r->region, s->note.data, s->note.len);
  finish(r, 0);
}

static void find_region(struct credentials_round *r) {
  r->step.on_end = on_region;
  if (r->region_known)
    finish(r, 0);
  else if (r->plan->base == CREDENTIALS_INSTANCE)
    imds_region(&r->step, r->plan);
  else
    container_region(&r->step);
}

/* --- base and roles --------------------------------------------------------------------------- */

/* They go into a header, and so does the token. */
static bool fits(const struct bytes *b) {
  for (size_t i = 0; i < b->len; i++)
    if (b->data[i] < 0x21 || b->data[i] > 0x7e) return false;
  return true;
}

static void next_role(struct credentials_round *r);

static void on_found(struct step *s, int err) {
  struct credentials_round *r = s->ctx;
  if (err) {
    fail(r, err, s->why.data ? s->why.data : uv_strerror(err));
    return;
  }
  found_wipe(&r->found);
  r->found = s->found;
  s->found = (struct found){0};
  if (fits(&r->found.access_key_id) && fits(&r->found.session_token))
    next_role(r);
  else
    fail(r, UV_EINVAL, "a key or token that no header can carry");
}

static struct sts_place place_of(const struct credentials_round *r) {
  return (struct sts_place){r->url.data, r->signing_region, r->settings->now()};
}

static void next_role(struct credentials_round *r) {
  if (r->roles_left == 0) {
    find_region(r);
    return;
  }
  const struct sts_place at = place_of(r);
  sts_assume_role(&r->step, &r->plan->roles[--r->roles_left], &r->found, &at);
}

static int keep(struct bytes *out, const char *text) {
  return text ? bytes_append(out, text, strlen(text)) : 0;
}

static void take_fixed(struct credentials_round *r) {
  const struct credentials *c = &r->plan->fixed;
  int err = keep(&r->found.access_key_id, c->access_key_id);
  if (!err) err = keep(&r->found.secret_access_key, c->secret_access_key);
  if (!err) err = keep(&r->found.session_token, c->session_token);
  r->found.expires = c->expires;
  if (err)
    fail(r, err, "out of memory");
  else
    next_role(r);
}

static void ask_base(struct credentials_round *r) {
  const struct sts_place at = place_of(r);
  switch (r->plan->base) {
  case CREDENTIALS_STATIC: take_fixed(r); break;
  case CREDENTIALS_WEB_IDENTITY: sts_web_identity(&r->step, r->plan, &at); break;
  case CREDENTIALS_CONTAINER: container_fetch(&r->step, r->plan); break;
  case CREDENTIALS_INSTANCE: imds_fetch(&r->step, r->plan); break;
  }
}

/* The region that is set up, for STS's address and signature. */
static int find_place(struct credentials_round *r) {
  const char *setting = r->settings->region;
  struct bytes region = {0};
  int err = setting && *setting ? keep(&region, setting) : aws_region(&region);
  r->region_known = !err;
  if (err == UV_ENOENT) err = 0;
  if (!err) err = sts_url(region.data, r->settings->sts_url, &r->url);
  /* the url is in place; the region may stay behind it in the same memory */
  if (!err) err = bytes_append(&r->url, "", 1);
  size_t at = r->url.len;
  if (!err) err = bytes_printf(&r->url, "%s", region.len ? region.data : "us-east-1");
  if (!err) r->signing_region = r->url.data + at;
  bytes_free(&region);
  return err;
}

int credentials_round_start(const struct credentials_round_settings *settings,
                            void (*on_done)(const struct credentials_result *, void *ctx),
                            void *ctx, struct credentials_round **out) {
  struct credentials_round *r = calloc(1, sizeof *r);
  if (!r) return UV_ENOMEM;
  *out = r;
  r->settings = settings;
  r->on_done = on_done;
  r->ctx = ctx;
  r->step = (struct step){.loop = settings->loop,
                          .client = settings->client,
                          .pace_ms = settings->pace_ms,
                          .on_end = on_found,
                          .ctx = r};
  int err = credentials_plan_open(&r->plan, &r->why);
  if (!err) err = find_place(r);
  if (err) {
    finish(r, err);
    return 0;
  }
  r->roles_left = r->plan->role_count;
  ask_base(r);
  return 0;
}
