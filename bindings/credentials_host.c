/* SPDX-License-Identifier: MIT */
/* Opens, waits at the start, closes. */
#include "credentials_host.h"

#include "credentials_refresh.h"
#include "log.h"

enum { PATIENCE_MS = 2000 }; /* until somebody who watches wants to know what is going on */

int credentials_host_open(struct credentials_host *h, uv_loop_t *loop, struct client *client,
                          const struct server_config *config) {
  *h = (struct credentials_host){.loop = loop};
  int err = client ? 0 : client_open(loop, &config->client, &h->own);
  if (err) return err;
  const struct credentials_refresh_settings settings = {
      .loop = loop,
      .client = client ? client : h->own,
      .region = config->aws_region,
      .sts_url = config->aws_url,
      .on_demand = client != NULL,
  };
  err = credentials_refresh_open(&settings, &h->refresh);
  if (err) credentials_host_close(h);
  return err;
}

void credentials_host_close(struct credentials_host *h) {
  credentials_refresh_close(h->refresh);
  if (h->own) client_close(h->own);
  *h = (struct credentials_host){0};
}

struct watch {
  uv_timer_t timer;
  const struct credentials_host *host;
  uint64_t deadline; /* on uv_now's clock */
  unsigned wait_ms;
  bool over;
};

static void on_time(uv_timer_t *timer) {
  struct watch *w = timer->data;
  uint64_t now = uv_now(timer->loop);
  if (now >= w->deadline) {
    w->over = true;
    return;
  }
  log_event(LOG_WARN, "waiting_for_credentials", "from",
            credentials_refresh_source(w->host->refresh),
            LOG_NUMBER("at_most", w->wait_ms / 1000.0), NULL);
  uv_timer_start(timer, on_time, w->deadline - now, 0);
}

void credentials_host_wait(struct credentials_host *h, const struct server_config *config,
                           const bool *stop) {
  unsigned wait = config->credentials_wait_ms;
  struct watch w = {.host = h, .wait_ms = wait, .over = wait == 0};
  if (w.over) return;
  uv_timer_init(h->loop, &w.timer);
  w.timer.data = &w;
  uv_update_time(h->loop);
  w.deadline = uv_now(h->loop) + wait;
  uv_timer_start(&w.timer, on_time, wait < PATIENCE_MS ? wait : PATIENCE_MS, 0);
  /* What is due now runs first: it may settle it, and UV_RUN_ONCE would still
   * wait for the timer. */
  while (!w.over && !*stop && !credentials_refresh_settled(h->refresh)) {
    uv_run(h->loop, UV_RUN_NOWAIT);
    if (!credentials_refresh_settled(h->refresh)) uv_run(h->loop, UV_RUN_ONCE);
  }
  uv_close((uv_handle_t *)&w.timer, NULL);
  uv_run(h->loop, UV_RUN_NOWAIT); /* its memory is this function's */
}
