/* SPDX-License-Identifier: MIT */
/* A timer that looks at the wall clock: machines are suspended, and clocks are set. Whoever wants
 * credentials wakes it through an async handle. */
#include "credentials_refresh.h"

#include "credentials.h"
#include "credentials_round.h"
#include "digest.h"
#include "log.h"
#include "metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  ADVISORY = 900,  /* seconds before the end from which they are renewed */
  MANDATORY = 600, /* and by which they should be */
  GLANCE = 10,     /* the timer's longest pause */
  DOUBT_PAUSE = 5, /* between two askings only because a service refused them */
};

struct credentials_refresh {
  struct credentials_refresh_settings settings;
  struct credentials_round_settings round_settings;
  struct credentials_round *round; /* NULL: none is under way */
  uv_timer_t timer;
  uv_async_t wanted;
  atomic_bool doubted;
  bool idle, settled; /* idle: on demand, and nobody has wanted anything */
  struct credentials_moment last;
  int64_t due;         /* -1: never */
  uint64_t doubted_ms; /* when that was last the reason; 0: never */
  unsigned handles;
  char source[256];
};

/* --- when ------------------------------------------------------------------------------------- */

static double least(double a, double b) {
  return a < b ? a : b;
}

static double most(double a, double b) {
  return a > b ? a : b;
}

/* Without any: soon, then every half minute. */
static double first_again(unsigned failures, double random) {
  double pause = failures < 6 ? (double)(1u << (failures - 1)) : 30;
  return least(pause, 30) * (0.5 + random / 2);
}

/* Old ones are there and may well do: five to ten minutes, but one more try before their end. */
static double again(double left, double random) {
  double pause = 300 + 300 * random;
  return left <= 0 || pause < left ? pause : most(1, left * (0.5 + random / 4));
}

double credentials_refresh_after(const struct credentials_moment *m, double random) {
  double left = (double)(m->expires - m->now), life = (double)(m->expires - m->obtained);
  if (!m->have) return first_again(m->failures ? m->failures : 1, random);
  if (!m->expires) return m->failures ? again(0, random) : -1;
  if (m->failures) return again(left, random);
  double advisory = least(ADVISORY, life / 4), mandatory = least(MANDATORY, life / 6);
  if (left > advisory) return left - advisory + random * (advisory - mandatory);
  return most(1, left / 3 * (0.5 + random / 2)); /* the same ones again: newer ones will come */
}

static int64_t real_now(void) {
  return (int64_t)time(NULL);
}

static double real_random(void) {
  uint32_t bits;
  digest_random(&bits, sizeof bits);
  return bits / 4294967296.0;
}

static void on_timer(uv_timer_t *timer);

static void arm(struct credentials_refresh *r) {
  if (r->due < 0) return;
  int64_t pause = r->due - r->settings.now();
  if (pause > GLANCE) pause = GLANCE;
  if (pause < 0) pause = 0;
  uv_update_time(r->settings.loop);
  uv_timer_start(&r->timer, on_timer, (uint64_t)pause * r->settings.second_ms, 0);
}

static void schedule(struct credentials_refresh *r) {
  double after;
  r->last.now = r->settings.now();
  after = credentials_refresh_after(&r->last, r->settings.random());
  r->due = after < 0 ? -1 : r->last.now + (int64_t)most(1, after);
  arm(r);
}

/* --- a round ends ----------------------------------------------------------------------------- */

static void show(struct credentials_refresh *r) {
  if (r->last.have && r->last.expires)
    metrics_gauge("usher_credentials_seconds_left", "",
                  (double)(r->last.expires - r->settings.now()));
}

static void announce_failure(struct credentials_refresh *r, const char *why) {
  int64_t now = r->settings.now();
  metrics_count("usher_credentials_refresh_failures_total", "", 1);
  if (r->last.have)
    log_event(r->last.expires <= now ? LOG_ERROR : LOG_WARN, "credentials_not_renewed", "why", why,
              LOG_NUMBER("seconds_left", r->last.expires - now),
              LOG_NUMBER("next_try_in", r->due - now), "next",
              "the old ones stay in use; renewing is tried again", NULL);
  else /* on demand, whoever wanted them says so himself */
    log_event(r->settings.on_demand ? LOG_DEBUG : LOG_ERROR, "no_credentials", "why", why,
              LOG_NUMBER("next_try_in", r->due - now), NULL);
}

static void failed(struct credentials_refresh *r, int err, const char *why) {
  r->last.failures++;
  if (err == UV_ENOENT || err == UV_EINVAL) r->settled = true;
  schedule(r);
  announce_failure(r, why);
  credentials_failed(err, why);
}

static const char *text_of(const struct bytes *b) {
  return b->len ? b->data : NULL;
}

static int publish(struct credentials_refresh *r, const struct credentials_result *result) {
  const struct found *f = &result->found;
  const struct credentials shown = {.access_key_id = f->access_key_id.data,
                                    .secret_access_key = f->secret_access_key.data,
                                    .session_token = text_of(&f->session_token),
                                    .source = result->source,
                                    .expires = f->expires};
  int err = credentials_publish(&shown, result->region);
  if (err) return err;
  r->last.have = true;
  r->last.expires = f->expires;
  r->last.obtained = r->settings.now();
  r->settled = true;
  return 0;
}

static void succeeded(struct credentials_refresh *r, const struct credentials_result *result) {
  char expires[32];
  int err = publish(r, result);
  if (err) {
    failed(r, err, uv_strerror(err));
    return;
  }
  r->last.failures = 0;
  schedule(r);
  snprintf(expires, sizeof expires, "%lld", (long long)r->last.expires);
  if (!result->fixed) metrics_count("usher_credentials_refreshes_total", "", 1);
  log_event(result->fixed || r->settings.on_demand ? LOG_DEBUG : LOG_INFO, "credentials_found",
            "source", result->source, "expires", expires, NULL);
}

/* Expired ones are no success; where there are none at all they are better than nothing, for it may
 * be our clock that is wrong. */
static void came_expired(struct credentials_refresh *r, const struct credentials_result *result) {
  if (!r->last.have && publish(r, result) == 0) r->last.obtained = result->found.expires;
  failed(r, UV_EIO, "the credentials that came have already expired");
}

static void on_round(const struct credentials_result *result, void *ctx) {
  struct credentials_refresh *r = ctx;
  r->round = NULL;
  snprintf(r->source, sizeof r->source, "%s", result->source);
  if (result->err)
    failed(r, result->err, result->why);
  else if (result->found.expires && result->found.expires <= r->settings.now())
    came_expired(r, result);
  else
    succeeded(r, result);
  show(r);
}

static void begin(struct credentials_refresh *r) {
  r->idle = false;
  int err = credentials_round_start(&r->round_settings, on_round, r, &r->round);
  if (err) failed(r, err, uv_strerror(err));
}

/* --- what begins one -------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer) {
  struct credentials_refresh *r = timer->data;
  show(r);
  if (r->round) return;
  if (r->due >= 0 && r->due <= r->settings.now())
    begin(r);
  else
    arm(r);
}

static bool doubt_counts(struct credentials_refresh *r) {
  uint64_t now = uv_hrtime() / 1000000, pause = (uint64_t)DOUBT_PAUSE * r->settings.second_ms;
  if (r->doubted_ms && now - r->doubted_ms < pause) return false;
  r->doubted_ms = now;
  return true;
}

static void on_wanted(uv_async_t *async) {
  struct credentials_refresh *r = async->data;
  bool due = r->due >= 0 && r->due <= r->settings.now();
  bool doubted = atomic_exchange(&r->doubted, false);
  if (r->round) return;
  if ((doubted && doubt_counts(r)) || r->idle || due)
    begin(r);
  else
    credentials_wake_all();
}

static void want(bool doubted, void *ctx) {
  struct credentials_refresh *r = ctx;
  if (doubted) atomic_store(&r->doubted, true);
  uv_async_send(&r->wanted);
}

/* --- open, close ------------------------------------------------------------------------------ */

static void refresh_free(struct credentials_refresh *r) {
  free((char *)(uintptr_t)r->round_settings.region);
  free((char *)(uintptr_t)r->round_settings.sts_url);
  free(r);
}

static void on_handle_closed(uv_handle_t *h) {
  struct credentials_refresh *r = h->data;
  if (--r->handles == 0) refresh_free(r);
}

void credentials_refresh_close(struct credentials_refresh *r) {
  if (!r) return;
  credentials_set_fetcher(NULL, NULL);
  credentials_round_cancel(r->round);
  r->round = NULL;
  uv_close((uv_handle_t *)&r->timer, on_handle_closed);
  uv_close((uv_handle_t *)&r->wanted, on_handle_closed);
}

static char *copy(const char *s) {
  return strdup(s ? s : "");
}

int credentials_refresh_open(const struct credentials_refresh_settings *settings,
                             struct credentials_refresh **out) {
  struct credentials_refresh *r = calloc(1, sizeof *r);
  if (!r) return UV_ENOMEM;
  struct credentials_refresh_settings *s = &r->settings;
  *s = *settings;
  if (!s->now) s->now = real_now;
  if (!s->random) s->random = real_random;
  if (!s->second_ms) s->second_ms = 1000;
  r->round_settings = (struct credentials_round_settings){.loop = s->loop,
                                                          .client = s->client,
                                                          .region = copy(s->region),
                                                          .sts_url = copy(s->sts_url),
                                                          .pace_ms = s->second_ms,
                                                          .now = s->now};
  int err = r->round_settings.region && r->round_settings.sts_url ? 0 : UV_ENOMEM;
  if (!err) err = uv_async_init(s->loop, &r->wanted, on_wanted);
  if (err) {
    refresh_free(r);
    return err;
  }
  uv_timer_init(s->loop, &r->timer);
  uv_unref((uv_handle_t *)&r->timer);
  uv_unref((uv_handle_t *)&r->wanted);
  r->timer.data = r->wanted.data = r;
  r->handles = 2;
  r->due = -1;
  r->idle = s->on_demand;
  credentials_set_fetcher(want, r);
  if (!s->on_demand) {
    r->due = s->now();
    arm(r);
  }
  *out = r;
  return 0;
}

bool credentials_refresh_settled(const struct credentials_refresh *r) {
  return r->settled;
}

const char *credentials_refresh_source(const struct credentials_refresh *r) {
  const char *now = r->round ? credentials_round_source(r->round) : "";
  return *now ? now : r->source;
}
