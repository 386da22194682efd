-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
exclude_files = { "build" }
local settings = { read_globals = { "between", "one_of", "list", "map", "secret", "optional_secret", "env" } }
files["config"] = settings
files["tests/config"] = settings
files["tests"] = { std = "lua54+busted" }
files["scripts/**/*_spec.lua"] = { std = "lua54+busted" }
files["scripts/.types"] = { ignore = { "212", "241", "431" } } -- functions without a body, classes nobody reads
files["scripts/.luacheckrc"] = { std = "luacheckrc" }
