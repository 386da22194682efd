/* SPDX-License-Identifier: MIT */
/* The settings that C needs, copied out of Lua's config. */
#ifndef USHER_SERVER_CONFIG_H
#define USHER_SERVER_CONFIG_H

#include "client.h"
#include "server.h"
#include "vm.h"

/* What such a timeout does. */
#define SERVER_OUTLASTING "two requests may work on one sign-up"

struct server_config {
  char host[64], admin_host[64];
  int port, admin_port;
  unsigned workers;
  unsigned grace_ms, drain_ms, wall_ms, credentials_wait_ms;
  int log_level;     /* enum log_level */
  bool watch, prove; /* reload.* */
  unsigned keep, reload_drain_ms;
  struct server_settings server;
  struct client_settings client;
  char strip_prefix[128], ca_file[1024], aws_region[64], aws_url[1024];
  char hsts[32];
  const char *origins[32];
  char origin_text[32][256];
  char empty[64]; /* names of settings that are "", and without which no sign-up succeeds */
  size_t signup_key_bytes; /* 0: there is none */
  char outlasting[64];     /* names of timeouts that are as long as signup.lease, or longer */
};

/* 0, or UV_EINVAL and *problem (freed by the caller). The result points into
 * itself: do not copy it. */
int server_config_read(struct vm *vm, struct server_config *out, char **problem);

#endif
