/* SPDX-License-Identifier: MIT */
/* Whom the client trusts, and what it does with a TLS connection afterwards. */
#include "client_world.h"
#include "tls_peer.h"

#include <openssl/err.h>
#include <signal.h>

/* A world whose own peer stays unused. */
static void tls_world_open(struct world *w, const char *ca_file) {
  static const struct peer_line unused = {EMPTY, KEEP, 0};
  world_open(w, &unused, 1, &(struct client_settings){.ca_file = ca_file});
}

struct trust_case {
  const char *name, *names;
  long from;
  int max_version;
  bool known;
  enum client_error error;
};

static const struct trust_case trusts[] = {
    {"a known authority", "IP:127.0.0.1", -60, 0, true, CLIENT_OK},
    {"TLS 1.2", "IP:127.0.0.1", -60, TLS1_2_VERSION, true, CLIENT_OK},
    {"TLS 1.1", "IP:127.0.0.1", -60, TLS1_1_VERSION, true, CLIENT_TLS},
    {"an authority that the system does not know", "IP:127.0.0.1", -60, 0, false, CLIENT_TLS},
    {"another host's certificate", "DNS:example.com,IP:127.0.0.2", -60, 0, true, CLIENT_TLS},
    {"a certificate that ended", "IP:127.0.0.1", -7200, 0, true, CLIENT_TLS},
    {"a certificate of tomorrow", "IP:127.0.0.1", 86400, 0, true, CLIENT_TLS},
};

static void test_trust(void **state) {
  (void)state;
  for (const struct trust_case *c = trusts; c < trusts + COUNT(trusts); c++) {
    struct tls_peer peer;
    struct world w;
    tls_peer_open(&peer, c->names, c->from, c->max_version);
    tls_world_open(&w, c->known ? peer.ca_file : NULL);
    struct client_request r = {.method = "POST", .url = peer.url, .body = "x", .body_len = 1};
    r.deadline_ms = UINT64_MAX;
    exchange(&w, &r);
    if (client_call_error(w.call) != c->error)
      fail_msg("%s: %s (%s)", c->name, client_error_name(client_call_error(w.call)),
               client_call_message(w.call));
    assert_int_equal(client_call_sent(w.call), c->error == CLIENT_OK);
    world_close(&w);
    tls_peer_close(&peer);
  }
}

/* By a name: it is sent (SNI), and it is what the certificate has to say. */
static void test_names(void **state) {
  (void)state;
  static const char *const names[] = {"DNS:localhost", "DNS:example.com", "IP:127.0.0.1"};
  for (size_t i = 0; i < COUNT(names); i++) {
    struct tls_peer peer;
    struct world w;
    char url[64];
    tls_peer_open(&peer, names[i], -60, 0);
    tls_world_open(&w, peer.ca_file);
    snprintf(url, sizeof url, "https://localhost%s", strrchr(peer.url, ':'));
    exchange(&w, &(struct client_request){.method = "GET", .url = url, .deadline_ms = UINT64_MAX});
    if (client_call_error(w.call) != (i ? CLIENT_TLS : CLIENT_OK))
      fail_msg("%s: %s", names[i], client_call_message(w.call));
    world_close(&w);
    tls_peer_close(&peer);
  }
}

static void test_a_missing_ca_file_trusts_nobody(void **state) {
  (void)state;
  struct tls_peer peer;
  struct world w;
  tls_peer_open(&peer, "IP:127.0.0.1", -60, 0);
  tls_world_open(&w, "/nonexistent/ca.pem");
  exchange(&w,
           &(struct client_request){.method = "GET", .url = peer.url, .deadline_ms = UINT64_MAX});
  assert_int_equal(client_call_error(w.call), CLIENT_TLS);
  world_close(&w);
  tls_peer_close(&peer);
}

static void test_connections_are_kept(void **state) {
  (void)state;
  struct tls_peer peer;
  struct world w;
  tls_peer_open(&peer, "IP:127.0.0.1", -60, 0);
  tls_world_open(&w, peer.ca_file);
  for (int i = 0; i < 5; i++) {
    exchange(
        &w, &(struct client_request){.method = "POST", .url = peer.url, .deadline_ms = UINT64_MAX});
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
  }
  assert_int_equal(peer.handshakes, 1);
  world_close(&w);
  tls_peer_close(&peer);
}

static void on_done_with_an_error(struct client_call *call, void *ctx) {
  ERR_raise(ERR_LIB_USER, 1);
  on_any_done(call, ctx);
}

/* Left by an on_done in OpenSSL's list, it is no error of the connection: the next call is on it. */
static void test_the_errors_of_others(void **state) {
  (void)state;
  struct tls_peer peer;
  struct world w;
  tls_peer_open(&peer, "IP:127.0.0.1", -60, 0);
  world_open(&w, &(struct peer_line){EMPTY, KEEP, 0}, 1,
             &(struct client_settings){.ca_file = peer.ca_file, .max_host_connections = 1});
  struct client_request r = {.method = "POST", .url = peer.url, .deadline_ms = UINT64_MAX};
  struct client_call *first = client_send(w.client, &r, on_done_with_an_error, &w);
  exchange(&w, &r);
  if (client_call_error(w.call)) fail_msg("%s", client_call_message(w.call));
  assert_int_equal(w.any_done, 1);
  assert_int_equal(peer.handshakes, 1);
  ERR_clear_error();
  client_call_free(first);
  world_close(&w);
  tls_peer_close(&peer);
}

/* The peer says goodbye (an alert, then FIN) after each reply: no POST may be written into that,
   and the session that it handed out saves most of the next handshake. */
static void test_a_farewell_is_heard_and_sessions_are_resumed(void **state) {
  (void)state;
  struct tls_peer peer;
  struct world w;
  tls_peer_open(&peer, "IP:127.0.0.1", -60, 0);
  peer.one_reply = true;
  tls_world_open(&w, peer.ca_file);
  for (unsigned i = 1; i <= 3; i++) {
    exchange(
        &w, &(struct client_request){.method = "POST", .url = peer.url, .deadline_ms = UINT64_MAX});
    if (client_call_error(w.call)) fail_msg("%s", client_call_message(w.call));
    assert_int_equal(peer.handshakes, i);
    uv_sem_wait(&peer.ended);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(peer.resumed, 2);
  world_close(&w);
  tls_peer_close(&peer);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN); /* the peer writes to clients that refuse it */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trust),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_a_missing_ca_file_trusts_nobody),
      cmocka_unit_test(test_connections_are_kept),
      cmocka_unit_test(test_the_errors_of_others),
      cmocka_unit_test(test_a_farewell_is_heard_and_sessions_are_resumed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
