-- SPDX-License-Identifier: MIT
-- Where in the console people go after they have signed in: a path of the console's own and nothing else. What a
-- browser, or something between, might read as another host is refused, also when it is escaped, once or more often.
local form = require "form"

local MOST <const>, DEEPEST <const> = 1024, 8


local function is_path(text)
  return text:find("^/") ~= nil and not text:find("^/[/\\]") and not text:find("\\", 1, true)
    and not text:find("[\0-\x1f\x7f]") and utf8.len(text) ~= nil
end


-- value: as it was decoded from the query, or nil. -> path ("/" when there was none) | nil: not acceptable
local function read(value)
  if value == nil or value == "" then return "/" end
  if #value > MOST or not is_path(value) then return nil end
  local text = value
  for _ = 1, DEEPEST do
    local plain = form.unescape_path(text)
    if plain == text then return value end
    if not is_path(plain) then return nil end
    text = plain
  end
  return nil
end


-- As it stands in a Location: what a URL cannot hold is escaped.
local function write(path)
  return (path:gsub("[^!#$&'()*+,%-./0-9:;=?@A-Z_a-z~%%]", form.escape))
end


return { read = read, write = write }
