std = "lua54"
max_line_length = 110
exclude_files = { "build" }
files["tests"] = { std = "lua54+busted" }
