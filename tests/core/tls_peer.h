/* SPDX-License-Identifier: MIT */
/* A TLS server for the client's tests, on a thread of its own with blocking sockets, and the
   certificates it shows: an authority and a server certificate for given names, made anew for each
   run. Answers each request with an empty 200, or with what it is told. */
#ifndef USHER_TESTS_TLS_PEER_H
#define USHER_TESTS_TLS_PEER_H

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct tls_peer {
  pthread_t thread;
  SSL_CTX *ctx;
  int fd;
  char ca_file[64], url[64];
  atomic_uint handshakes, resumed;
  const char *reply;    /* NULL: an empty 200 */
  bool one_reply;       /* then close_notify and FIN */
  bool rude;            /* FIN without close_notify */
  bool bad_tickets;     /* it breaks off, when it shall resume a session */
  char server_name[64]; /* what the last client asked for (SNI) */
  uv_sem_t ended;       /* once for each connection */
};

static inline void x509_extend(X509 *cert, X509 *issuer, int nid, const char *value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  assert(extension);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

/* issuer NULL: an authority that signs itself. from: seconds from now. */
static inline X509 *x509_make(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names,
                              long from) {
  X509 *cert = X509_new();
  X509_set_version(cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), from);
  X509_gmtime_adj(X509_getm_notAfter(cert), from + 3600);
  const char *name = issuer ? "usher test server" : "usher test authority";
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
  X509_set_pubkey(cert, key);
  if (issuer) x509_extend(cert, issuer, NID_subject_alt_name, names);
  if (!issuer) x509_extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(cert, issuer_key, EVP_sha256());
  return cert;
}

static inline SSL_TICKET_RETURN tls_peer_ticket(SSL *ssl, SSL_SESSION *session,
                                                const unsigned char *name, size_t len,
                                                SSL_TICKET_STATUS status, void *ctx) {
  const struct tls_peer *peer = ctx;
  (void)session, (void)name, (void)len;
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (!peer->bad_tickets) return SSL_TICKET_RETURN_USE_RENEW;
  if (peer->rude) shutdown(SSL_get_fd(ssl), SHUT_RDWR);
  return SSL_TICKET_RETURN_ABORT;
}

static inline void tls_peer_serve(struct tls_peer *peer, SSL *ssl) {
  static const char empty[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const char *reply = peer->reply ? peer->reply : empty;
  char request[4096];
  int accepted = SSL_accept(ssl);
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  snprintf(peer->server_name, sizeof peer->server_name, "%s", name ? name : "");
  if (accepted != 1) return;
  atomic_fetch_add(&peer->handshakes, 1);
  atomic_fetch_add(&peer->resumed, (unsigned)SSL_session_reused(ssl));
  while (SSL_read(ssl, request, sizeof request) > 0) {
    SSL_write(ssl, reply, (int)strlen(reply));
    if (peer->one_reply) break;
  }
  if (!peer->rude) SSL_shutdown(ssl);
}

static inline void *tls_peer_run(void *ctx) {
  struct tls_peer *peer = ctx;
  for (int fd; (fd = accept(peer->fd, NULL, NULL)) >= 0;) {
    SSL *ssl = SSL_new(peer->ctx);
    SSL_set_fd(ssl, fd);
    tls_peer_serve(peer, ssl);
    SSL_free(ssl);
    close(fd);
    uv_sem_post(&peer->ended);
  }
  return NULL;
}

static inline void tls_peer_listen(struct tls_peer *peer) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  peer->fd = socket(AF_INET, SOCK_STREAM, 0);
  int err = bind(peer->fd, (struct sockaddr *)&address, len);
  assert(!err && !listen(peer->fd, 16));
  (void)err;
  getsockname(peer->fd, (struct sockaddr *)&address, &len);
  snprintf(peer->url, sizeof peer->url, "https://127.0.0.1:%d/", ntohs(address.sin_port));
}

/* names as in openssl.cnf: "IP:127.0.0.1" or "DNS:localhost". max_version: of TLS, 0 for the
   newest. */
static inline void tls_peer_open(struct tls_peer *peer, const char *names, long from,
                                 int max_version) {
  memset(peer, 0, sizeof *peer);
  EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
  X509 *ca = x509_make(ca_key, NULL, ca_key, NULL, -60),
       *cert = x509_make(key, ca, ca_key, names, from);
  snprintf(peer->ca_file, sizeof peer->ca_file, "/tmp/usher-test-ca-XXXXXX");
  FILE *file = fdopen(mkstemp(peer->ca_file), "w");
  PEM_write_X509(file, ca);
  fclose(file);
  peer->ctx = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_security_level(peer->ctx, 0);
  SSL_CTX_set_max_proto_version(peer->ctx, max_version);
  SSL_CTX_set_session_ticket_cb(peer->ctx, NULL, tls_peer_ticket, peer);
  SSL_CTX_use_certificate(peer->ctx, cert);
  SSL_CTX_use_PrivateKey(peer->ctx, key);
  X509_free(ca);
  X509_free(cert);
  EVP_PKEY_free(ca_key);
  EVP_PKEY_free(key);
  tls_peer_listen(peer);
  uv_sem_init(&peer->ended, 0);
  pthread_create(&peer->thread, NULL, tls_peer_run, peer);
}

/* The client must have closed its connections. */
static inline void tls_peer_close(struct tls_peer *peer) {
  shutdown(peer->fd, SHUT_RDWR);
  pthread_join(peer->thread, NULL);
  close(peer->fd);
  SSL_CTX_free(peer->ctx);
  uv_sem_destroy(&peer->ended);
  unlink(peer->ca_file);
}

#endif
