/* SPDX-License-Identifier: MIT */
/* The one shared snapshot, behind a mutex that is held for a pointer's time, and once for the
 * reading of two small files: what needs no network is found by whoever asks first. */
#include "credentials.h"

#include "credentials_plan.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

struct snapshot {
  struct credentials shown;
  atomic_uint refs;
  size_t len;
  char text[]; /* the four strings */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *current;
static bool asked;          /* the fetcher has been asked; the files need not be read again */
static int failure;         /* of the last asking; 0: none has ended */
static struct bytes reason; /* its words */
static char region[32];
static struct credentials_waiter *waiters;
static void (*fetcher)(bool doubted, void *ctx);
static void *fetcher_ctx;

/* --- snapshots -------------------------------------------------------------------------------- */

static struct snapshot *snapshot_of(const struct credentials *c) {
  return (struct snapshot *)((char *)(uintptr_t)c - offsetof(struct snapshot, shown));
}

static const char *keep(char **room, const char *s) {
  if (!s) return NULL;
  char *kept = *room;
  size_t len = strlen(s) + 1;
  memcpy(kept, s, len);
  *room += len;
  return kept;
}

static struct snapshot *snapshot_new(const struct credentials *from) {
  size_t len = strlen(from->access_key_id) + strlen(from->secret_access_key) +
               strlen(from->source) + (from->session_token ? strlen(from->session_token) : 0) + 4;
  struct snapshot *s = malloc(sizeof *s + len);
  if (!s) return NULL;
  char *room = s->text;
  s->len = len;
  atomic_init(&s->refs, 1);
  s->shown.access_key_id = keep(&room, from->access_key_id);
  s->shown.secret_access_key = keep(&room, from->secret_access_key);
  s->shown.session_token = keep(&room, from->session_token);
  s->shown.source = keep(&room, from->source);
  s->shown.expires = from->expires;
  return s;
}

void credentials_unref(const struct credentials *c) {
  if (!c) return;
  struct snapshot *s = snapshot_of(c);
  if (atomic_fetch_sub(&s->refs, 1) > 1) return;
  OPENSSL_cleanse(s->text, s->len);
  free(s);
}

/* Under the lock. */
static void replace(struct snapshot *with) {
  if (current) credentials_unref(&current->shown);
  current = with;
}

/* --- asking; all under the lock --------------------------------------------------------------- */

static void want(bool doubted) {
  if (fetcher) fetcher(doubted, fetcher_ctx);
}

/* What is in the environment or in a file is here at once; the rest is the fetcher's. */
static int look(struct bytes *why) {
  struct credentials_plan *plan;
  int err = credentials_plan_open(&plan, why);
  if (err) return err;
  if (plan->base == CREDENTIALS_STATIC && !plan->role_count) {
    struct snapshot *found = snapshot_new(&plan->fixed);
    if (found) replace(found);
    err = found ? 0 : UV_ENOMEM;
  } else {
    err = bytes_printf(why, "%s (%s)", plan->source.data,
                       fetcher ? "being asked now" : "not asked in this process");
    if (!err) err = fetcher ? UV_EAGAIN : UV_ENOENT;
  }
  credentials_plan_close(plan);
  return err;
}

static int recall(struct bytes *why) {
  if (reason.len && bytes_append(why, reason.data, reason.len)) return UV_ENOMEM;
  return failure ? failure : UV_EAGAIN;
}

static bool expired(const struct snapshot *s) {
  return s->shown.expires && s->shown.expires <= (int64_t)time(NULL);
}

static int find(struct bytes *why) {
  int err;
  if (asked) {
    err = recall(why);
  } else {
    err = look(why);
    if (!err || !fetcher) return err;
    asked = true;
    bytes_clear(&reason);
    if (why->len) bytes_append(&reason, why->data, why->len);
    failure = err == UV_EAGAIN ? 0 : err;
  }
  want(false);
  return err;
}

int credentials_get(const struct credentials **out, struct bytes *why) {
  struct bytes said = {0};
  int err = 0;
  pthread_mutex_lock(&lock);
  if (!current || (!fetcher && expired(current)))
    err = find(&said);
  else if (expired(current))
    want(false);
  if (!err) {
    atomic_fetch_add(&current->refs, 1);
    *out = &current->shown;
  }
  pthread_mutex_unlock(&lock);
  if (err && bytes_printf(why, "no AWS credentials%s; %s", err == UV_EAGAIN ? " yet" : "",
                          said.data ? said.data : uv_strerror(err)))
    err = UV_ENOMEM;
  bytes_free(&said);
  return err;
}

bool credentials_doubt(const char *access_key_id) {
  pthread_mutex_lock(&lock);
  bool helps = fetcher || (current && strcmp(current->shown.access_key_id, access_key_id) != 0);
  if (fetcher && current && !strcmp(current->shown.access_key_id, access_key_id)) want(true);
  pthread_mutex_unlock(&lock);
  return helps;
}

int credentials_region(struct bytes *out) {
  pthread_mutex_lock(&lock);
  int err = *region ? bytes_append(out, region, strlen(region)) : UV_ENOENT;
  pthread_mutex_unlock(&lock);
  return err;
}

void credentials_reset(void) {
  pthread_mutex_lock(&lock);
  replace(NULL);
  asked = false;
  failure = 0;
  region[0] = '\0';
  bytes_free(&reason);
  pthread_mutex_unlock(&lock);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void unlink_waiter(struct credentials_waiter *w) {
  if (!w->at) return;
  *w->at = w->next;
  if (w->next) w->next->at = w->at;
  w->at = NULL;
}

void credentials_await(struct credentials_waiter *w) {
  pthread_mutex_lock(&lock);
  w->next = waiters;
  w->at = &waiters;
  if (w->next) w->next->at = &w->next;
  waiters = w;
  want(false); /* who has nothing to do wakes everybody at once */
  if (!fetcher) {
    unlink_waiter(w);
    w->wake(w);
  }
  pthread_mutex_unlock(&lock);
}

void credentials_forget(struct credentials_waiter *w) {
  pthread_mutex_lock(&lock);
  unlink_waiter(w);
  pthread_mutex_unlock(&lock);
}

static void wake_all(void) {
  while (waiters) {
    struct credentials_waiter *w = waiters;
    unlink_waiter(w);
    w->wake(w);
  }
}

void credentials_wake_all(void) {
  pthread_mutex_lock(&lock);
  wake_all();
  pthread_mutex_unlock(&lock);
}

/* --- the fetcher's side ----------------------------------------------------------------------- */

int credentials_publish(const struct credentials *from, const char *in) {
  struct snapshot *found = snapshot_new(from);
  if (!found) return UV_ENOMEM;
  pthread_mutex_lock(&lock);
  replace(found);
  asked = true;
  failure = 0;
  bytes_clear(&reason);
  if (in && strlen(in) < sizeof region) strcpy(region, in);
  wake_all();
  pthread_mutex_unlock(&lock);
  return 0;
}

void credentials_failed(int err, const char *why) {
  pthread_mutex_lock(&lock);
  asked = true;
  failure = err;
  bytes_clear(&reason);
  bytes_append(&reason, why, strlen(why));
  wake_all();
  pthread_mutex_unlock(&lock);
}

void credentials_set_fetcher(void (*ask)(bool doubted, void *ctx), void *ctx) {
  pthread_mutex_lock(&lock);
  fetcher = ask;
  fetcher_ctx = ctx;
  if (!ask) {
    asked = false;
    failure = 0;
    wake_all();
  }
  pthread_mutex_unlock(&lock);
}
