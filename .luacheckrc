-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
exclude_files = { "build" }
files["config"] = { read_globals = { "between", "one_of", "list", "map", "secret", "optional_secret", "env" } }
files["tests"] = { std = "lua54+busted" }
