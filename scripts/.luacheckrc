-- SPDX-License-Identifier: MIT
-- For luacheck in this folder: the globals that a flow has, and no others. Commands have all of Lua's; specs have
-- those of their runner, and the settings file of `usher eject` its own words.
stds.flow = {
  read_globals = {
    "_G", "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print",
    "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type",
    "xpcall", "math", "table", "utf8",
    coroutine = { fields = { "close", "create", "isyieldable", "resume", "status", "wrap", "yield" } },
    debug = { fields = { "traceback" } },
    string = {
      fields = {
        "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack", "packsize", "rep",
        "reverse", "sub", "unpack", "upper",
      },
    },
    os = { fields = { "clock", "date", "difftime", "time" } },
  },
}
stds.spec = {
  read_globals = {
    "after_each", "before_each", "context", "describe", "it", "pending", "setup",
    assert = { other_fields = true },
  },
}
stds.settings = { read_globals = { "between", "env", "list", "map", "one_of", "optional_secret", "secret" } }
std = "flow"
max_line_length = 120
exclude_files = { ".types" }
files["commands"] = { std = "lua54" }
files["sandbox"] = { std = "lua54" }
files["**/*_spec.lua"] = { std = "flow+spec" }
files["usher.lua"] = { std = "settings", max_line_length = false }
