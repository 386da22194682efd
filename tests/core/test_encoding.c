/* SPDX-License-Identifier: MIT */
/* core/encoding: RFC 4648's vectors and what a strict decoder must refuse. */
#include "unit.h"

#include "encoding.h"

#include <string.h>

static void decimal_digits(void **state) {
  (void)state;
  static const struct {
    uint64_t number;
    const char *text;
  } rows[] = {
      {0, "0"},
      {7, "7"},
      {10, "10"},
      {1000, "1000"},
      {65535, "65535"},
      {INT64_MAX, "9223372036854775807"},
      {UINT64_MAX, "18446744073709551615"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char text[DECIMAL_ROOM];
    size_t len = decimal_encode(rows[i].number, text);
    assert_int_equal(len, strlen(rows[i].text));
    assert_memory_equal(text, rows[i].text, len);
  }
}

static const struct {
  enum base64_kind kind;
  const char *plain;
  size_t len;
  const char *text;
} round_trips[] = {
    {BASE64_PADDED, "", 0, ""},
    {BASE64_PADDED, "f", 1, "Zg=="},
    {BASE64_PADDED, "fo", 2, "Zm8="},
    {BASE64_PADDED, "foo", 3, "Zm9v"},
    {BASE64_PADDED, "foob", 4, "Zm9vYg=="},
    {BASE64_PADDED, "fooba", 5, "Zm9vYmE="},
    {BASE64_PADDED, "foobar", 6, "Zm9vYmFy"},
    {BASE64_PADDED, "\0\0\0\0", 4, "AAAAAA=="},
    {BASE64_PADDED, "\xfb\xff\xbf", 3, "+/+/"},
    {BASE64_PADDED, "\xff\xff", 2, "//8="},
    {BASE64_URL, "", 0, ""},
    {BASE64_URL, "f", 1, "Zg"},
    {BASE64_URL, "fo", 2, "Zm8"},
    {BASE64_URL, "foo", 3, "Zm9v"},
    {BASE64_URL, "\xfb\xff\xbf", 3, "-_-_"},
    {BASE64_URL, "\xff\xff", 2, "__8"},
};

static void base64_round_trips(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(round_trips); i++) {
    char text[64], plain[64];
    size_t len = base64_encode(round_trips[i].kind, round_trips[i].plain, round_trips[i].len, text);
    assert_int_equal(len, strlen(round_trips[i].text));
    assert_memory_equal(text, round_trips[i].text, len);
    assert_true(base64_decode(round_trips[i].kind, text, len, plain, &len));
    assert_int_equal(len, round_trips[i].len);
    assert_memory_equal(plain, round_trips[i].plain, len);
  }
}

static void base64_refuses(void **state) {
  (void)state;
  static const struct {
    enum base64_kind kind;
    const char *text;
  } rows[] = {
      {BASE64_PADDED, "Z"},
      {BASE64_PADDED, "Zg"},
      {BASE64_PADDED, "Zg="},
      {BASE64_PADDED, "Zg==="},
      {BASE64_PADDED, "Z==="},
      {BASE64_PADDED, "===="},
      {BASE64_PADDED, "=Zg="},
      {BASE64_PADDED, "Z=g="},
      {BASE64_PADDED, "Zh=="},
      {BASE64_PADDED, "Zm9="},
      {BASE64_PADDED, "Zm9v\n"},
      {BASE64_PADDED, "Zm\n9v"},
      {BASE64_PADDED, " Zm9"},
      {BASE64_PADDED, "-_-_"},
      {BASE64_PADDED, "Zg==Zg=="},
      {BASE64_PADDED, "\xc3\xa9"
                      "aa"},
      {BASE64_URL, "Z"},
      {BASE64_URL, "Zg=="},
      {BASE64_URL, "Zh"},
      {BASE64_URL, "Zm9"},
      {BASE64_URL, "+/+/"},
      {BASE64_URL, "Zm9v "},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char plain[64];
    size_t len;
    if (base64_decode(rows[i].kind, rows[i].text, strlen(rows[i].text), plain, &len))
      fail_msg("%s was taken", rows[i].text);
  }
}

static void hex_both_ways(void **state) {
  (void)state;
  char text[8];
  unsigned char bytes[4];
  hex_encode("\x00\x0f\xa5\xff", 4, text);
  assert_memory_equal(text, "000fa5ff", 8);
  assert_true(hex_decode("000Fa5fF", 8, bytes));
  assert_memory_equal(bytes, "\x00\x0f\xa5\xff", 4);
  static const char *const bad[] = {"0", "0g", "g0", "0x00", "00 1", "\xff\xff"};
  for (size_t i = 0; i < COUNT(bad); i++) assert_false(hex_decode(bad[i], strlen(bad[i]), bytes));
}

static void percent_both_ways(void **state) {
  (void)state;
  static const struct {
    const char *plain;
    char keep;
    const char *text;
  } rows[] = {
      {"", 0, ""},
      {"AZaz09-._~", 0, "AZaz09-._~"},
      {"/a b", '/', "/a%20b"},
      {"/a b", 0, "%2Fa%20b"},
      {"a+b=c&d", 0, "a%2Bb%3Dc%26d"},
      {"\xe1\x88\xb4", 0, "%E1%88%B4"},
      {"%3A", '/', "%253A"},
      {"\x01\x7f*'()!", 0, "%01%7F%2A%27%28%29%21"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char text[64], plain[64];
    size_t len = percent_encode(rows[i].plain, strlen(rows[i].plain), rows[i].keep, text);
    assert_int_equal(len, strlen(rows[i].text));
    assert_memory_equal(text, rows[i].text, len);
    len = percent_decode(text, len, plain);
    assert_int_equal(len, strlen(rows[i].plain));
    assert_memory_equal(plain, rows[i].plain, len);
  }
}

static void percent_that_escapes_nothing(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"%", "%"}, {"%4", "%4"}, {"%4x", "%4x"},         {"%%41", "%A"}, {"a%", "a%"},
      {"+", "+"}, {"%2b", "+"}, {"%c3%A9", "\xc3\xa9"}, {"%-1", "%-1"}, {"%4%31", "%41"}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    char text[16];
    strcpy(text, rows[i][0]);
    size_t len = percent_decode(text, strlen(text), text); /* in place */
    assert_int_equal(len, strlen(rows[i][1]));
    assert_memory_equal(text, rows[i][1], len);
  }
}

static void crc32_known_answers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t crc;
  } rows[] = {{"", 0},
              {"a", 0xe8b7be43},
              {"abc", 0x352441c2},
              {"123456789", 0xcbf43926},
              {"The quick brown fox jumps over the lazy dog", 0x414fa339},
              {"{}", 2745614147}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    size_t len = strlen(rows[i].text);
    assert_int_equal(crc32_update(0, rows[i].text, len), rows[i].crc);
    for (size_t cut = 0; cut <= len; cut++)
      assert_int_equal(
          crc32_update(crc32_update(0, rows[i].text, cut), rows[i].text + cut, len - cut),
          rows[i].crc);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decimal_digits),      cmocka_unit_test(base64_round_trips),
      cmocka_unit_test(base64_refuses),      cmocka_unit_test(hex_both_ways),
      cmocka_unit_test(percent_both_ways),   cmocka_unit_test(percent_that_escapes_nothing),
      cmocka_unit_test(crc32_known_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
