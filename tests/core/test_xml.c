/* SPDX-License-Identifier: MIT */
/* core/xml: what it reads, and everything that it refuses; each document also cut at every byte. */
#include "unit.h"
#include "xml.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

static const struct {
  const char *document;
  const char *leaves; /* "path=text;", or NULL: refused */
} rows[] = {
    {"<a>x</a>", "a=x;"},
    {"<a/>", "a=;"},
    {"<a></a>", "a=;"},
    {" \n<a >x</a >\n", "a=x;"},
    {"<a><b>1</b> <c d='>' e=\"'\">2</c><b/></a>", "a/b=1;a/c=2;a/b=;"},
    {"<a>x<b>y</b>z</a>", "a/b=y;"},
    {"<a><b><c>1</c></b><d>2</d></a>", "a/b/c=1;a/d=2;"},
    {"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>x</a>", "a=x;"},
    {"\xef\xbb\xbf<a>\xc3\xa9</a>", "a=\xc3\xa9;"},
    {"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe9;&#x20AC;&#x1F600;</a>",
     "a=<>&\"'AB\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80;"},
    {"<n:a x:y='1'>x</n:a>", "n:a=x;"},
    {"", NULL},
    {"x", NULL},
    {"<a>", NULL},
    {"</a>", NULL},
    {"<a></b>", NULL},
    {"<a></aa>", NULL},
    {"<ab></b>", NULL},
    {"<a/><b/>", NULL},
    {"<a/>x", NULL},
    {"x<a/>", NULL},
    {"&amp;<a/>", NULL},
    {"<a>&nbsp;</a>", NULL},
    {"<a>&amp</a>", NULL},
    {"<a>&#0;</a>", NULL},
    {"<a>&#xd800;</a>", NULL},
    {"<a>&#x110000;</a>", NULL},
    {"<a>&#99999999999;</a>", NULL},
    {"<a>&#;</a>", NULL},
    {"<a>&#x;</a>", NULL},
    {"<a>&#1g;</a>", NULL},
    {"<a>&#xag;</a>", NULL},
    {"<a>\x01</a>", NULL},
    {"<!DOCTYPE a><a/>", NULL},
    {"<a><!-- --></a>", NULL},
    {"<a><![CDATA[x]]></a>", NULL},
    {"<a><?p?></a>", NULL},
    {"<?xml version=\"1.0\"><a/>", NULL},
    {"< a/>", NULL},
    {"<a b></a>", NULL},
    {"<a b=c></a>", NULL},
    {"<a b='c></a>", NULL},
    {"<a b='<'></a>", NULL},
    {"<a b='c'd='e'/>", NULL},
    {"<a", NULL},
    {"<a/", NULL},
    {"<1><2><3><4><5><6><7><8><9><10><11><12><13><14><15><16><17></17></16></15></14></13></12></"
     "11>"
     "</10></9></8></7></6></5></4></3></2></1>",
     NULL},
};

static int on_leaf(void *ctx, const char *path, struct slice text) {
  return bytes_printf(ctx, "%s=%.*s;", path, (int)text.len, text.data);
}

/* Exactly as long as it is, so that a sanitizer sees a read past the end. */
static int read_exactly(const char *document, size_t len, struct bytes *leaves) {
  char *copy = malloc(len ? len : 1);
  memcpy(copy, document, len);
  int err = xml_read((struct slice){copy, len}, on_leaf, leaves);
  free(copy);
  return err;
}

static void every_row(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct bytes leaves = {0};
    int err = read_exactly(rows[i].document, strlen(rows[i].document), &leaves);
    if (err != (rows[i].leaves ? 0 : UV_EINVAL)) fail_msg("%s: %d", rows[i].document, err);
    if (rows[i].leaves) assert_string_equal(leaves.data, rows[i].leaves);
    bytes_free(&leaves);
  }
}

static void every_row_cut(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    size_t len = strlen(rows[i].document), blanks = 0;
    while (blanks < len && strchr(" \n", rows[i].document[len - 1 - blanks])) blanks++;
    for (size_t cut = 0; cut + blanks < len; cut++) {
      struct bytes leaves = {0};
      if (cut && rows[i].leaves)
        assert_int_equal(read_exactly(rows[i].document, cut, &leaves), UV_EINVAL);
      else
        read_exactly(rows[i].document, cut, &leaves);
      bytes_free(&leaves);
    }
  }
}

static int stop(void *ctx, const char *path, struct slice text) {
  (void)path, (void)text;
  return ++*(int *)ctx == 2 ? 77 : 0;
}

static void the_reader_may_stop(void **state) {
  (void)state;
  static const char document[] = "<a><b/><c/><d/></a>";
  int seen = 0;
  assert_int_equal(xml_read((struct slice){document, sizeof document - 1}, stop, &seen), 77);
  assert_int_equal(seen, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row),
      cmocka_unit_test(every_row_cut),
      cmocka_unit_test(the_reader_may_stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
