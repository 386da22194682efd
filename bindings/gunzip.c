/* SPDX-License-Identifier: MIT */
/* Lua's `gunzip`, one function: bodies that SDKs have compressed (RFC 1951, 1952), read with zlib.
 * The frame of the sandbox's AWS services (scripts/sandbox/aws_json.lua) is its only caller.
 * The stream hangs on the Lua stack, and ends with its userdata when memory runs out. */
#include "box.h"

#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>

#define STREAM "usher.gunzip"

int luaopen_gunzip(lua_State *L);

enum { ONLY_GZIP = 16 }; /* what inflateInit2 adds to the bits of a window */

static int stream_end(lua_State *L) {
  inflateEnd(luaL_checkudata(L, 1, STREAM));
  return 0;
}

static z_stream *stream_push(lua_State *L, const char *text, size_t len) {
  z_stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
  *stream = (z_stream){.next_in = (const Bytef *)text, .avail_in = (uInt)len};
  luaL_setmetatable(L, STREAM);
  if (inflateInit2(stream, MAX_WBITS + ONLY_GZIP) != Z_OK) box_no_memory(L);
  return stream;
}

/* One member after the other, to the end of the text. NULL, or what is wrong. */
static const char *read_members(z_stream *stream, luaL_Buffer *out, lua_Unsigned most) {
  lua_Unsigned size = 0;
  for (;;) {
    stream->next_out = (Bytef *)luaL_prepbuffer(out);
    stream->avail_out = LUAL_BUFFERSIZE;
    int result = inflate(stream, Z_NO_FLUSH);
    size_t grown = LUAL_BUFFERSIZE - stream->avail_out;
    luaL_addsize(out, grown);
    size += grown;
    if (size > most) return "is too large";
    if (result == Z_BUF_ERROR) return "ends too early";
    if (result == Z_STREAM_END) {
      if (stream->avail_in == 0) return NULL;
      inflateReset(stream);
    } else if (result != Z_OK) {
      return "is no gzip";
    }
  }
}

/* gunzip(text, most) -> what was compressed, of `most` bytes or fewer | nil, what is wrong */
static int gunzip(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_Integer most = luaL_checkinteger(L, 2);
  luaL_argcheck(L, len <= UINT_MAX, 1, "too long a text");
  luaL_argcheck(L, most >= 0, 2, "a size is not negative");
  z_stream *stream = stream_push(L, text, len); /* stack: text, most, stream */
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  const char *problem = read_members(stream, &out, (lua_Unsigned)most);
  luaL_pushresult(&out);
  inflateEnd(stream);
  if (!problem) return 1;
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

int luaopen_gunzip(lua_State *L) {
  box_type(L, STREAM, stream_end, NULL);
  lua_pushcfunction(L, gunzip);
  return 1;
}
