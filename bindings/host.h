/* SPDX-License-Identifier: MIT */
/* What a worker thread carries: a client, a vm, a server for each listener. serve.c says which. */
#ifndef USHER_HOST_H
#define USHER_HOST_H

#include "client.h"
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
  const char *config_under, *config_path, *config_over, *scripts; /* as in struct vm_settings */
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
