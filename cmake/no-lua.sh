#!/bin/sh
# SPDX-License-Identifier: MIT
# no-lua.sh NM ARCHIVE DIR: fails when core's archive has a Lua symbol or one of its files includes Lua.
symbols=$("$1" "$2" | grep -E ' (lua_|luaL_|luaopen_)') && { echo "core uses Lua: $symbols" >&2; exit 1; }
files=$(grep -lE '#include *[<"](lua|lauxlib|lualib)' "$3"/*.[ch]) && { echo "core includes Lua: $files" >&2; exit 1; }
exit 0
