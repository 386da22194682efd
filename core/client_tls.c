/* SPDX-License-Identifier: MIT */
/* OpenSSL's own socket BIO would raise SIGPIPE in commands; ours asks the kernel not to. */
#include "client_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* --- the socket under OpenSSL --- */

static int fd_of(BIO *bio) {
  return (int)(intptr_t)BIO_get_data(bio);
}

static int moved(BIO *bio, ssize_t n, int retry) {
  BIO_clear_retry_flags(bio);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return (int)n;
}

static int on_write(BIO *bio, const char *data, int len) {
  return moved(bio, send(fd_of(bio), data, (size_t)len, MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

static int on_read(BIO *bio, char *data, int len) {
  return moved(bio, recv(fd_of(bio), data, (size_t)len, 0), BIO_FLAGS_READ);
}

static long on_control(BIO *bio, int what, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;
static uv_once_t once = UV_ONCE_INIT;

static void make_method(void) {
  method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "usher socket");
  if (!method) return;
  BIO_meth_set_write(method, on_write);
  BIO_meth_set_read(method, on_read);
  BIO_meth_set_ctrl(method, on_control);
}

static BIO *bio_new(int fd) {
  BIO *bio = BIO_new(method);
  if (!bio) return NULL;
  BIO_set_data(bio, (void *)(intptr_t)fd);
  BIO_set_init(bio, 1);
  return bio;
}

/* --- trust --- */

static int on_session(SSL *ssl, SSL_SESSION *session) {
  SSL_SESSION **slot = SSL_get_app_data(ssl);
  SSL_SESSION_free(*slot);
  *slot = session;
  return 1; /* it is ours now */
}

/* Where other systems than Debian keep what they trust, whose OpenSSL is in this binary. */
static int trust_system(SSL_CTX *trust) {
  static const char *const others[] = {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (access(X509_get_default_cert_file(), R_OK) && !access(others[i], R_OK))
      return SSL_CTX_load_verify_file(trust, others[i]);
  return SSL_CTX_set_default_verify_paths(trust);
}

SSL_CTX *client_tls_open(const char *ca_file) {
  uv_once(&once, make_method);
  SSL_CTX *trust = method ? SSL_CTX_new(TLS_client_method()) : NULL;
  if (!trust) return NULL;
  SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_options(trust, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(trust, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(trust, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(trust, on_session);
  int ok = SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION);
  if (ok) ok = ca_file ? SSL_CTX_load_verify_file(trust, ca_file) : trust_system(trust);
  if (ok) return trust;
  SSL_CTX_free(trust);
  return NULL;
}

/* --- one connection --- */

static bool expect(SSL *ssl, const struct client_tls_peer *peer) {
  if (peer->is_ip) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer->host);
  return SSL_set1_host(ssl, peer->host) && SSL_set_tlsext_host_name(ssl, peer->host);
}

SSL *client_tls_new(SSL_CTX *trust, int fd, const struct client_tls_peer *peer) {
  static const unsigned char http1[] = "\x08http/1.1";
  SSL *ssl = SSL_new(trust);
  BIO *bio = ssl ? bio_new(fd) : NULL;
  if (!bio) goto fail;
  SSL_set_bio(ssl, bio, bio); /* ssl owns it */
  SSL_set_connect_state(ssl);
  if (!SSL_set_app_data(ssl, peer->session) || !expect(ssl, peer)) goto fail;
  if (SSL_set_alpn_protos(ssl, http1, sizeof http1 - 1)) goto fail;
  if (*peer->session && !SSL_set_session(ssl, *peer->session)) goto fail;
  return ssl;
fail:
  SSL_free(ssl);
  return NULL;
}

ssize_t client_tls_result(SSL *ssl, int result, bool *write) {
  if (result > 0) return result;
  switch (SSL_get_error(ssl, result)) {
  case SSL_ERROR_WANT_WRITE: *write = true; return UV_EAGAIN;
  case SSL_ERROR_WANT_READ: return UV_EAGAIN;
  case SSL_ERROR_ZERO_RETURN: return 0;
  default: return UV_ECONNRESET;
  }
}

void client_tls_problem(const SSL *ssl, char *out, size_t size) {
  long verdict = SSL_get_verify_result(ssl);
  const char *reason = ERR_reason_error_string(ERR_peek_error());
  if (verdict != X509_V_OK) reason = X509_verify_cert_error_string(verdict);
  snprintf(out, size, "TLS: %s", reason ? reason : "the connection ended within the handshake");
}
