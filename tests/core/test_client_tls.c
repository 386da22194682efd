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
    uv_sem_wait(&peer.ended);
    assert_string_equal(peer.server_name, "localhost");
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

/* A body that ends with the connection is whole only when the peer has said goodbye: anybody can
   send a FIN (RFC 9112 §9.8). */
static void test_a_body_that_was_cut_off(void **state) {
  (void)state;
  static const struct {
    const char *reply;
    bool rude;
    enum client_error error;
  } rows[] = {
      {OK "\r\nhi", false, CLIENT_OK},
      {OK "\r\nhi", true, CLIENT_RESET},
      {OK "Content-Length: 2\r\n\r\nhi", true, CLIENT_OK},
      {OK "Content-Length: 3\r\n\r\nhi", false, CLIENT_RESET},
      {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", false, CLIENT_RESET},
  };
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    for (size_t i = 0; i < COUNT(rows); i++) {
      struct tls_peer peer;
      struct world w;
      tls_peer_open(&peer, "IP:127.0.0.1", -60, version);
      peer.reply = rows[i].reply;
      peer.one_reply = true;
      peer.rude = rows[i].rude;
      tls_world_open(&w, peer.ca_file);
      exchange(&w, &(struct client_request){
                       .method = "GET", .url = peer.url, .deadline_ms = UINT64_MAX});
      if (client_call_error(w.call) != rows[i].error)
        fail_msg("%zu: %s", i, client_error_name(client_call_error(w.call)));
      world_close(&w);
      tls_peer_close(&peer);
    }
  }
}

/* What one handshake could not resume, with an alert or without one, the next one does not bring
   again. */
static void check_session_that_cannot_be_resumed(int version, bool rude) {
  static const enum client_error wanted[] = {CLIENT_OK, CLIENT_TLS, CLIENT_OK};
  struct tls_peer peer;
  struct world w;
  tls_peer_open(&peer, "IP:127.0.0.1", -60, version);
  peer.one_reply = peer.bad_tickets = true;
  peer.rude = rude;
  tls_world_open(&w, peer.ca_file);
  for (size_t i = 0; i < COUNT(wanted); i++) {
    exchange(
        &w, &(struct client_request){.method = "POST", .url = peer.url, .deadline_ms = UINT64_MAX});
    if (client_call_error(w.call) != wanted[i])
      fail_msg("%x, %d, %zu: %s", (unsigned)version, rude, i, client_call_message(w.call));
    uv_sem_wait(&peer.ended);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  world_close(&w);
  tls_peer_close(&peer);
}

static void test_a_session_that_cannot_be_resumed(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
    for (int rude = 0; rude < 2; rude++) check_session_that_cannot_be_resumed(version, rude);
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
      cmocka_unit_test(test_a_body_that_was_cut_off),
      cmocka_unit_test(test_a_session_that_cannot_be_resumed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
