/* SPDX-License-Identifier: MIT */
/* core/digest: FIPS 180-4, RFC 4231 and RFC 9562 vectors as rows, and what randomness can be held
 * to. */
#include "unit.h"

#include "digest.h"
#include "encoding.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void assert_hex(const unsigned char *got, size_t len, const char *want) {
  char text[2 * 64 + 1];
  hex_encode(got, len, text);
  text[2 * len] = '\0';
  assert_string_equal(text, want);
}

/* A message is text repeated. */
static const struct {
  const char *text;
  int times;
  const char *sha256;
} hashes[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
     "mnopqrsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static char *repeat(const char *text, int times) {
  size_t len = strlen(text);
  char *all = malloc(len * (size_t)times + 1);
  assert_non_null(all);
  for (int i = 0; i < times; i++) memcpy(all + (size_t)i * len, text, len);
  all[len * (size_t)times] = '\0';
  return all;
}

static void sha256_vectors(void **state) {
  (void)state;
  unsigned char out[DIGEST_SIZE];
  char text[DIGEST_HEX + 1];
  for (size_t i = 0; i < COUNT(hashes); i++) {
    char *message = repeat(hashes[i].text, hashes[i].times);
    assert_int_equal(digest_sha256(message, strlen(message), out), 0);
    assert_hex(out, sizeof out, hashes[i].sha256);
    assert_int_equal(digest_sha256_hex(message, strlen(message), text), 0);
    assert_string_equal(text, hashes[i].sha256);
    free(message);
  }
}

/* RFC 4231, 4.2 to 4.8 (4.6 is about truncation: the digest is cut by the caller), then an empty
 * key. */
static const struct {
  const char *key, *data; /* hexadecimal unless times says that it is one byte repeated */
  int key_times;
  const char *mac;
} macs[] = {
    {"0b", "4869205468657265", 20,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 1,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"aa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddd",
     20, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcd",
     1, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"0c", "546573742057697468205472756e636174696f6e", 20,
     "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5"},
    {"aa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173682"
     "04b6579204669727374",
     131, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"aa",
     "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6"
     "5206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206"
     "b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074"
     "686520484d414320616c676f726974686d2e",
     131, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    {"", "", 1, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static size_t unhex(const char *text, int times, unsigned char *out) {
  size_t len = strlen(text) / 2;
  assert_true(hex_decode(text, 2 * len, out));
  for (int i = 1; i < times; i++) memcpy(out + (size_t)i * len, out, len);
  return len * (size_t)times;
}

static void hmac_vectors(void **state) {
  (void)state;
  unsigned char key[256], data[256], out[DIGEST_SIZE];
  for (size_t i = 0; i < COUNT(macs); i++) {
    size_t key_len = unhex(macs[i].key, macs[i].key_times, key);
    size_t len = unhex(macs[i].data, 1, data);
    assert_int_equal(digest_hmac(key, key_len, data, len, out), 0);
    assert_hex(out, sizeof out, macs[i].mac);

    struct digest_key *kept = digest_key_new(key, key_len);
    assert_non_null(kept);
    for (int again = 0; again < 3; again++) {
      memset(out, 0, sizeof out);
      assert_int_equal(digest_key_hmac(kept, data, len, out), 0);
      assert_hex(out, sizeof out, macs[i].mac);
    }
    digest_key_free(kept);
  }
}

static void kept_keys_do_not_mix(void **state) {
  (void)state;
  unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE], want[DIGEST_SIZE];
  struct digest_key *ka = digest_key_new("a", 1), *kb = digest_key_new("b", 1);
  assert_int_equal(digest_key_hmac(ka, "m", 1, a), 0);
  assert_int_equal(digest_key_hmac(kb, "m", 1, b), 0);
  assert_memory_not_equal(a, b, sizeof a);
  assert_int_equal(digest_hmac("b", 1, "m", 1, want), 0);
  assert_memory_equal(b, want, sizeof b);
  digest_key_free(ka);
  digest_key_free(kb);
}

static void equal_is_about_every_byte(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    bool equal;
  } rows[] = {{"", "", true},       {"a", "a", true},      {"a", "b", false},    {"a", "", false},
              {"ab", "abc", false}, {"abc", "abd", false}, {"xbc", "abc", false}};
  for (size_t i = 0; i < COUNT(rows); i++)
    assert_int_equal(digest_equal(rows[i].a, strlen(rows[i].a), rows[i].b, strlen(rows[i].b)),
                     rows[i].equal);
}

static void draw(void *ctx, void *out, size_t len) {
  (void)ctx;
  digest_random(out, len);
}

static void uuid_draw(char out[UUID_SIZE + 1]) {
  unsigned char random[16];
  digest_random(random, sizeof random);
  uuid_drawn(random, out);
}

/* Whatever was drawn before, and whether it came from what the thread keeps ready or not. */
static void random_bytes_come_once(void **state) {
  (void)state;
  static const size_t sizes[] = {16, 1, 511, 16, 512, 16, 513, 16, 300, 300, 16, 2000};
  unsigned char drawn[COUNT(sizes) * 20][16], bytes[2000];
  for (size_t i = 0; i < COUNT(drawn); i++) {
    size_t size = sizes[i % COUNT(sizes)];
    memset(bytes, 0, sizeof bytes);
    digest_random(bytes, size);
    digest_random(drawn[i], sizeof drawn[i]);
    for (size_t k = 0; k < i; k++) assert_memory_not_equal(drawn[k], drawn[i], sizeof drawn[i]);
    for (size_t at = 0; at + 16 <= size; at += 16) {
      assert_memory_not_equal(bytes + at, drawn[i], 16);
      if (at) assert_memory_not_equal(bytes + at, bytes, 16);
    }
  }
}

static void random_text_keeps_to_its_alphabet(void **state) {
  (void)state;
  static const char *const alphabets[] = {"a", "01", "0123456789",
                                          "abcdefghijklmnopqrstuvwxyzABCDE"};
  char text[4096];
  for (size_t i = 0; i < COUNT(alphabets); i++) {
    size_t letters = strlen(alphabets[i]), seen[256] = {0};
    digest_text(text, sizeof text, alphabets[i], letters, draw, NULL);
    for (size_t n = 0; n < sizeof text; n++) {
      assert_non_null(memchr(alphabets[i], text[n], letters));
      seen[(unsigned char)text[n]]++;
    }
    /* At least half of a letter's share: below that by chance once in 10^7 at the worst row. */
    for (size_t n = 0; n < letters; n++)
      assert_true(seen[(unsigned char)alphabets[i][n]] >= sizeof text / letters / 2);
  }
}

/* RFC 9562, appendix A.4 and two of Python's uuid documentation's. */
static void named_uuids(void **state) {
  (void)state;
  static const struct {
    const char *space, *name, *uuid;
  } rows[] = {
      {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com",
       "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
      {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "python.org",
       "886313e1-3b8a-5372-9b90-0c9aee199e5d"},
      {"6BA7B811-9DAD-11D1-80B4-00C04FD430C8", "", "1b4db7eb-4057-5ddf-91e0-36dec72071f5"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    unsigned char space[16];
    char out[UUID_SIZE + 1];
    assert_true(uuid_parse(rows[i].space, strlen(rows[i].space), space));
    assert_int_equal(uuid_named(space, rows[i].name, strlen(rows[i].name), out), 0);
    assert_string_equal(out, rows[i].uuid);
  }
}

static void random_uuids(void **state) {
  (void)state;
  char one[UUID_SIZE + 1], other[UUID_SIZE + 1];
  unsigned char id[16];
  for (int i = 0; i < 100; i++) {
    uuid_draw(one);
    uuid_draw(other);
    assert_string_not_equal(one, other);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    assert_true(uuid_parse(one, strlen(one), id));
  }
}

static void uuids_that_are_none(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "6ba7b810-9dad-11d1-80b4-00c04fd430c",
                                     "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
                                     "6ba7b8109dad-11d1-80b4-00c04fd430c8-",
                                     "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
                                     "{ba7b810-9dad-11d1-80b4-00c04fd430c}",
                                     "6ba7b810 9dad 11d1 80b4 00c04fd430c8"};
  unsigned char id[16];
  for (size_t i = 0; i < COUNT(rows); i++) assert_false(uuid_parse(rows[i], strlen(rows[i]), id));
}

static void *hash_many(void *arg) {
  unsigned char out[DIGEST_SIZE], mac[DIGEST_SIZE];
  size_t *wrong = arg;
  for (int i = 0; i < 2000; i++) {
    char text[2 * DIGEST_SIZE];
    if (digest_sha256("abc", 3, out) || digest_hmac("Jefe", 4, "what", 4, mac)) ++*wrong;
    hex_encode(out, sizeof out, text);
    if (memcmp(text, hashes[1].sha256, sizeof text)) ++*wrong;
  }
  return NULL;
}

static void threads_do_not_meet(void **state) {
  (void)state;
  pthread_t threads[4];
  size_t wrong[4] = {0};
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, hash_many, &wrong[i]), 0);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(wrong[i], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_vectors),
      cmocka_unit_test(hmac_vectors),
      cmocka_unit_test(kept_keys_do_not_mix),
      cmocka_unit_test(equal_is_about_every_byte),
      cmocka_unit_test(random_bytes_come_once),
      cmocka_unit_test(random_text_keeps_to_its_alphabet),
      cmocka_unit_test(named_uuids),
      cmocka_unit_test(random_uuids),
      cmocka_unit_test(uuids_that_are_none),
      cmocka_unit_test(threads_do_not_meet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
