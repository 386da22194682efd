/* SPDX-License-Identifier: MIT */
/* The scripted peer of tests/core/peer.h as a program, for specs: `peer REPLY THEN [REPLY THEN
   …]`, THEN one of keep, fin, rst, hang. Prints its URL, then each request as its length on a line
   and its bytes. Ends when nobody reads any more. */
#include "../core/peer.h"

static enum peer_then then_of(const char *word) {
  static const char *const words[] = {"keep", "fin", "rst", "hang"};
  for (enum peer_then then = KEEP; then <= HANG; then++)
    if (strcmp(word, words[then]) == 0) return then;
  fprintf(stderr, "peer: %s: keep, fin, rst or hang\n", word);
  exit(2);
}

static void on_request(struct peer *peer) {
  printf("%zu\n", peer->last_len);
  fwrite(peer->last, 1, peer->last_len, stdout);
  fflush(stdout);
}

static void on_reader_gone(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  uv_stop(poll->loop);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  static struct peer_line script[16];
  static struct peer peer;
  uv_poll_t reader;
  size_t lines = 0;
  for (int i = 1; i + 1 < argc && lines < 16; i += 2)
    script[lines++] = (struct peer_line){argv[i], then_of(argv[i + 1]), 0};
  peer_open(loop, &peer, script, lines);
  peer.on_request = on_request;
  printf("%s\n", peer.url);
  fflush(stdout);
  uv_poll_init(loop, &reader, STDOUT_FILENO);
  uv_poll_start(&reader, UV_DISCONNECT, on_reader_gone);
  return uv_run(loop, UV_RUN_DEFAULT) < 0;
}
