/* SPDX-License-Identifier: MIT */
/* What a worker thread carries: a client, a vm, a server for each listener. serve.c says which. */
#ifndef USHER_HOST_H
#define USHER_HOST_H

#include "client.h"
#include "reload.h"
#include "server.h"
#include "workers.h"

struct host_listener {
  const char *tag; /* what scripts see as request.listener */
  int *fds;        /* bound, one for each of the first `workers` workers */
  unsigned workers;
  struct server_settings server;
};

/* Must outlive the workers. */
struct host_settings {
  const char *config_under, *config_over; /* as in struct vm_settings */
  struct reload *reload;                  /* says which version serves; NULL: always this one */
  struct version *version;
  uint64_t drain_ms; /* what a version that was replaced gets to finish */
  bool trusted;
  bool background;     /* the first worker runs the jobs */
  const char *handler; /* the module that returns the function of a request */
  struct client_settings client;
  struct host_listener *listeners;
  unsigned listener_count;
};

/* The hooks for workers_start; their ctx is a struct host_settings. */
extern const struct worker_hooks host_hooks;

#endif
