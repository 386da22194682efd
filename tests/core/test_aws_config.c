/* SPDX-License-Identifier: MIT */
/* core/ini and core/aws_config: what the shared files say, however badly they are written, and the
 * order of precedence. */
#include "unit.h"

#include "aws_config.h"
#include "aws_files.h"
#include "ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Each setting as [section]key=value; or [section]key.sub=value; */
static int note(void *ctx, const char *section, const char *key, const char *sub,
                const char *value) {
  return bytes_printf(ctx, "[%s]%s%s%s=%s;", section, key, sub ? "." : "", sub ? sub : "", value);
}

static void ini_lines(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", ""},
      {"\n\n \n\t\n", ""},
      {"[a]\nk=v", "[a]k=v;"},
      {"[a]\r\nk = v\r\n", "[a]k=v;"},
      {"\xef\xbb\xbf[a]\nk=v\n", "[a]k=v;"},
      {"[ a  b ]\nKey = V w = x \n", "[a  b]key=V w = x;"},
      {"# c\n; c\n[a] # c\nk = v # c\nl = v#c;d\n#m=1\n", "[a]k=v;[a]l=v#c;d;"},
      {"[a]\nk =\n  sub = 1\n  SUB2= 2\n\n  sub3=3\nl=4\n  m = 5\n",
       "[a]k=;[a]k.sub=1;[a]k.sub2=2;[a]k.sub3=3;[a]l=4;[a]m=5;"},
      {"[a]\nk =\nl = 1\n", "[a]k=;[a]l=1;"},
      {"[a]\nk =\n[b]\n  l = 1\n", "[a]k=;[b]l=1;"},
      {"[a]\nk=1\n[a]\nk=2\n", "[a]k=1;[a]k=2;"},
      {"k = before\n", ""},
      {"[a\nk=v\n[b]\nk=w\n", "[b]k=w;"},
      {"[]\nk=v\n", ""},
      {"[a]b\nk=v\n", ""},
      {"]a[\nk=v\n", ""},
      {"[a]\nnonsense\n= v\n==\nk\n=\n", ""},
      {"[a]\n[[b]]\nk=v\n", ""},
      {"[a]\nk=[v]\n[b]", "[a]k=[v];"},
      {"[a]\nk=\xff\xfe\x01\n", "[a]k=\xff\xfe\x01;"},
      {"[a]\n \xc2\xa0k=v\n", "[a]\xc2\xa0k=v;"},
      {"[", ""},
      {"[a]\n  ", ""},
      {"[a]\n  =\n \t= \t", ""},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct bytes got = {0};
    char *text = strdup(rows[i][0]);
    assert_int_equal(bytes_append(&got, "", 0), 0);
    assert_int_equal(ini_read(text, note, &got), 0);
    assert_string_equal(got.data, rows[i][1]);
    free(text);
    bytes_free(&got);
  }
}

static int refuse(void *ctx, const char *section, const char *key, const char *sub,
                  const char *value) {
  (void)section, (void)key, (void)sub, (void)value;
  return ++*(int *)ctx == 2 ? UV_ENOMEM : 0;
}

static void reading_ends_when_told(void **state) {
  (void)state;
  char text[] = "[a]\nk=1\nl=2\nm=3\n";
  int calls = 0;
  assert_int_equal(ini_read(text, refuse, &calls), UV_ENOMEM);
  assert_int_equal(calls, 2);
}

/* Any prefix and any single spoiled byte of a real file: no crash, no read past the end (the
 * sanitizers look). */
static void spoiled_files(void **state) {
  (void)state;
  static const char file[] =
      "[default]\nregion = x\n[profile \"a b\"]\ns3 =\n  k = v # c\n; c\n[services l]";
  static const char spoil[] = "\0[]=#; \n\t\r\"\xff";
  for (size_t at = 0; at < sizeof file; at++)
    for (size_t s = 0; s < sizeof spoil - 1; s++) {
      struct bytes got = {0};
      char *text = malloc(sizeof file);
      memcpy(text, file, sizeof file);
      text[at] = at + 1 < sizeof file ? spoil[s] : '\0';
      assert_int_equal(ini_read(text, note, &got), 0);
      free(text);
      bytes_free(&got);
    }
}

/* --- with files and variables ----------------------------------------------------------------- */

static void scene(const char *const *variables, const char *credentials, const char *config) {
  write_scene(variables, credentials ? credentials : "", config ? config : "");
}

static const struct {
  const char *variables[6], *credentials, *config;
  const char *region; /* NULL: none */
} regions[] = {
    {{NULL}, NULL, NULL, NULL},
    {{"AWS_REGION=a", "AWS_DEFAULT_REGION=b"}, NULL, "[default]\nregion=c", "a"},
    {{"AWS_REGION=", "AWS_DEFAULT_REGION=b"}, NULL, "[default]\nregion=c", "b"},
    {{NULL}, NULL, "[default]\nregion=c", "c"},
    {{NULL}, NULL, "[profile default]\nregion=d\n[default]\nregion=c", "d"},
    {{NULL}, NULL, "[default]\nregion=c\n[profile default]\nregion=d", "d"},
    {{NULL}, "[default]\nregion=e", "[default]\nregion=c", "e"},
    {{"AWS_PROFILE=dev"}, NULL, "[default]\nregion=c\n[profile dev]\nregion=f", "f"},
    {{"AWS_PROFILE=dev"}, NULL, "[default]\nregion=c\n[dev]\nregion=f", NULL},
    {{"AWS_PROFILE=a b"}, NULL, "[profile \"a b\"]\nregion=g", "g"},
    {{"AWS_PROFILE=a b"}, NULL, "[profile 'a b']\nregion=g", "g"},
    {{"AWS_DEFAULT_PROFILE=dev"}, NULL, "[profile\tdev]\nregion=f", "f"},
    {{"AWS_PROFILE=x", "AWS_DEFAULT_PROFILE=dev"}, NULL, "[profile dev]\nregion=f", NULL},
    {{NULL}, NULL, "[services default]\nregion=c", NULL},
    {{NULL}, NULL, "[default]\nregion=\n", NULL},
    {{NULL}, NULL, "[default]\nregion=1\nREGION = 2\n", "2"},
};

static void region_order(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(regions); i++) {
    struct bytes got = {0};
    scene(regions[i].variables, regions[i].credentials, regions[i].config);
    assert_int_equal(aws_region(&got), regions[i].region ? 0 : UV_ENOENT);
    if (regions[i].region) assert_string_equal(got.data, regions[i].region);
    bytes_free(&got);
  }
}

#define SERVICES                                                                                   \
  "[default]\nservices = local\nendpoint_url = http://all\n"                                       \
  "[services local]\ndynamodb =\n  endpoint_url = http://ddb\n"                                    \
  "cognito_identity_provider =\n  endpoint_url = http://idp\nendpoint_url = http://wrong\n"

static const struct {
  const char *variables[6], *config, *service;
  const char *url; /* NULL: none */
} urls[] = {
    {{NULL}, NULL, "DynamoDB", NULL},
    {{"AWS_ENDPOINT_URL_DYNAMODB=http://a", "AWS_ENDPOINT_URL=http://b"},
     SERVICES,
     "DynamoDB",
     "http://a"},
    {{"AWS_ENDPOINT_URL_DYNAMODB=http://a", "AWS_ENDPOINT_URL=http://b"},
     SERVICES,
     "SESv2",
     "http://b"},
    {{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://c"},
     NULL,
     "Cognito Identity Provider",
     "http://c"},
    {{NULL}, SERVICES, "DynamoDB", "http://ddb"},
    {{NULL}, SERVICES, "Cognito Identity Provider", "http://idp"},
    {{NULL}, SERVICES, "SESv2", "http://all"},
    {{NULL}, "[default]\nservices = gone\n", "DynamoDB", NULL},
    {{"AWS_PROFILE=other"}, SERVICES, "DynamoDB", NULL},
    {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_ENDPOINT_URL=http://b"},
     SERVICES,
     "DynamoDB",
     NULL},
    {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=False", "AWS_ENDPOINT_URL=http://b"},
     SERVICES,
     "DynamoDB",
     "http://b"},
    {{NULL}, SERVICES "[default]\nignore_configured_endpoint_urls = TRUE\n", "DynamoDB", NULL},
};

static void endpoint_order(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(urls); i++) {
    struct bytes got = {0};
    scene(urls[i].variables, NULL, urls[i].config);
    assert_int_equal(aws_endpoint_url(urls[i].service, &got), urls[i].url ? 0 : UV_ENOENT);
    if (urls[i].url) assert_string_equal(got.data, urls[i].url);
    bytes_free(&got);
  }
}

static void files_that_cannot_be_read(void **state) {
  (void)state;
  static const char *const variables[] = {"AWS_CONFIG_FILE=/", "AWS_PROFILE=p", NULL};
  struct aws_config *c;
  scene(variables, "[p]\nk=v", NULL);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "~/no-such-file", 1);
  setenv("HOME", "/no-such-home", 1);
  assert_int_equal(aws_config_open(&c), 0);
  assert_string_equal(aws_config_profile(c), "p");
  assert_string_equal(aws_config_path(c, AWS_CREDENTIALS_FILE), "/no-such-home/no-such-file");
  assert_int_equal(aws_config_file_error(c, AWS_CREDENTIALS_FILE), UV_ENOENT);
  assert_true(aws_config_file_error(c, AWS_CONFIG_FILE) < 0); /* a directory */
  assert_null(aws_config_find(c, "k"));
  aws_config_close(c);

  unsetenv("AWS_SHARED_CREDENTIALS_FILE");
  assert_int_equal(aws_config_open(&c), 0);
  assert_string_equal(aws_config_path(c, AWS_CREDENTIALS_FILE), "/no-such-home/.aws/credentials");
  aws_config_close(c);

  unsetenv("HOME");
  assert_int_equal(aws_config_open(&c), 0);
  assert_int_equal(aws_config_file_error(c, AWS_CREDENTIALS_FILE), UV_ENOENT);
  aws_config_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ini_lines),      cmocka_unit_test(reading_ends_when_told),
      cmocka_unit_test(spoiled_files),  cmocka_unit_test(region_order),
      cmocka_unit_test(endpoint_order), cmocka_unit_test(files_that_cannot_be_read),
  };
  return cmocka_run_group_tests(tests, open_files, remove_files);
}
