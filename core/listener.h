/* SPDX-License-Identifier: MIT */
/* Bound sockets for servers: several workers share one address, two processes do not. */
#ifndef USHER_LISTENER_H
#define USHER_LISTENER_H

/* Binds count sockets to host (an IPv4 or IPv6 address) and *port; port 0 picks a free one and
 * *port tells which. 0 or a UV_E* code, and then no socket stays open: UV_EADDRINUSE also when
 * another usher listens there, which the kernel alone would let pass (SO_REUSEPORT). The sockets do
 * not listen yet: server_open does that. */
int listener_bind(const char *host, int *port, int *fds, unsigned count);

/* The same for more sockets on a port that this process has bound. */
int listener_share(const char *host, int port, int *fds, unsigned count);

#endif
