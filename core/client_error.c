/* SPDX-License-Identifier: MIT */
/* The table from curl's results to enum client_error: what is not in it is the peer's protocol. */
#include "client_error.h"

static const struct {
  CURLcode code;
  enum client_error error;
} errors[] = {
    {CURLE_OK, CLIENT_OK},
    {CURLE_COULDNT_RESOLVE_HOST, CLIENT_DNS},
    {CURLE_COULDNT_CONNECT, CLIENT_CONNECT},
    {CURLE_INTERFACE_FAILED, CLIENT_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, CLIENT_TIMEOUT},
    {CURLE_SSL_CONNECT_ERROR, CLIENT_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, CLIENT_TLS},
    {CURLE_SSL_CERTPROBLEM, CLIENT_TLS},
    {CURLE_SSL_CIPHER, CLIENT_TLS},
    {CURLE_SSL_CACERT_BADFILE, CLIENT_TLS},
    {CURLE_SSL_ISSUER_ERROR, CLIENT_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, CLIENT_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, CLIENT_TLS},
    {CURLE_GOT_NOTHING, CLIENT_RESET},
    {CURLE_SEND_ERROR, CLIENT_RESET},
    {CURLE_RECV_ERROR, CLIENT_RESET},
    {CURLE_PARTIAL_FILE, CLIENT_RESET},
    {CURLE_ABORTED_BY_CALLBACK, CLIENT_CANCELED},
    {CURLE_OUT_OF_MEMORY, CLIENT_CANCELED},
    {CURLE_WRITE_ERROR, CLIENT_CANCELED}, /* on_header or on_body found no memory */
};

enum client_error client_error_of(CURLcode code) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].code == code) return errors[i].error;
  return CLIENT_PROTOCOL;
}

const char *client_error_name(enum client_error error) {
  static const char *const names[] = {"ok",    "dns",       "connect",  "tls",     "timeout",
                                      "reset", "too_large", "protocol", "canceled"};
  return names[error];
}
