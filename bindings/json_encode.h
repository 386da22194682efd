/* SPDX-License-Identifier: MIT */
/* Lua values as JSON text: the writing half of the json module, and of whatever writes JSON of its
 * own (attribute_encode.c). An encoder says how a value is written;
 * lists, objects and refusals are written here. */
#ifndef USHER_JSON_ENCODE_H
#define USHER_JSON_ENCODE_H

#include "bytes.h"

#include <lua.h>
#include <stdbool.h>

#define JSON_NULL_KEY "usher.json.null" /* json.null in the registry */
/* The metatables of arrays, and of texts that are JSON already. */
#define JSON_ARRAY_MT "json.array"
#define JSON_TEXT_MT  "json.text"

enum { JSON_DIGITS = 40 }; /* room for the digits of any */

struct json_place { /* where a value stands; the root has no place */
  const struct json_place *up;
  struct slice key; /* no data: the index counts */
  lua_Integer index;
};

struct json_encoder;

/* Appends the value at the top of the stack, and leaves the stack as it was.
 * Raises for what it cannot. */
typedef void json_writer(lua_State *L, struct json_encoder *e, const struct json_place *at,
                         int depth);

struct json_encoder {
  struct bytes out; /* without a NUL behind it */
  const void *null; /* json.null and the metatable of arrays, as lua_topointer shows them */
  const void *array_mt;
  json_writer *root, *value; /* of what json_encode is given, and of all in it */
  const char *cannot;        /* how a refusal begins; what, and where, follow */
  int depth;                 /* levels at most */
  bool sorted;
  bool as_text; /* makes a userdata, which is written as it is when it is encoded again */
};

/* Encodes the value at index 1; pushes the text. Fills null and array_mt,
 * and raises with the caller's place. */
int json_encode(lua_State *L, struct json_encoder *e);

json_writer json_put_value, json_put_list, json_put_object; /* tables: depth is their members' */

/* Whether the table at the top is written as a list. Raises when depth is the most. */
bool json_enter(lua_State *L, struct json_encoder *e, const struct json_place *at, int depth);

void json_put(lua_State *L, struct json_encoder *e, const char *text, size_t len);
void json_put_string(lua_State *L, struct json_encoder *e, struct slice s,
                     const struct json_place *at);

/* The number at the top, a float in the fewest digits that read back as the same; 1.0 is "1". */
void json_digits(lua_State *L, struct json_encoder *e, const struct json_place *at,
                 char text[JSON_DIGITS]);

/* The length of the well-formed UTF-8 sequence there, which begins with a byte over 0x7f;
 * 0: there is none. */
size_t json_sequence(const char *text, const char *end);

/* Both raise. */
void json_refuse(lua_State *L, struct json_encoder *e, const struct json_place *at,
                 const char *what);
void json_refuse_type(lua_State *L, struct json_encoder *e, const struct json_place *at);

/* Whether the table at the top is a list: marked, or keys 1 to n and no others, at least one. */
bool json_is_list(lua_State *L, const void *array_mt);

#endif
