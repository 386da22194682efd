-- SPDX-License-Identifier: MIT
-- bindings: application/x-www-form-urlencoded with Stripe's nesting (a[b][c]=v, a[0]=x).
-- Called by the Stripe client (encode) and by the sandbox's Stripe (decode). Pure: no state, no I/O.
--
-- encode(t)           -> string; raises on what a form cannot carry
-- decode(s[, limits]) -> table | nil, message, key     limits = {pairs=, depth=}
local crypto, encode, json = require "crypto", require "form_encode", require "json"

local LIMITS = { pairs = 1000, depth = 8 }

local form = { encode = encode }

-- Percent-encodes everything but RFC 3986's unreserved characters; a space becomes %20.
form.escape = crypto.percent

local function byte_of(digits)
  return string.char(tonumber(digits, 16))
end

-- The percent escapes of a path; one that is none stays as it was sent.
function form.unescape_path(text)
  return (text:gsub("%%(%x%x)", byte_of))
end

-- The same of a form or a query, where + is a space.
function form.unescape(text)
  return form.unescape_path((text:gsub("%+", " ")))
end

-- "a[b][]" -> {"a", "b", ""}; a key that is not bracket notation is one plain name.
local function split_key(key)
  local name, rest = key:match("^([^%[%]]+)(.*)$")
  if not name then
    return { key }
  end
  local path, consumed = { name }, 0
  for part in rest:gmatch("%[([^%[%]]*)%]") do
    path[#path + 1] = part
    consumed = consumed + #part + 2
  end
  return consumed == #rest and path or { key }
end

-- A node while it is built: names (map), or list (from []), in order of arrival.
local function new_node()
  return { map = {}, list = {} }
end

local function conflict(key)
  return nil, "a value and a container share one name", key
end

-- The element that "a[][name]" means: the last one, unless it already has that name.
local function element(node, following)
  local last = node.list[#node.list]
  if type(last) == "table" and following ~= "" and last.map[following] == nil then
    return last
  end
  local fresh = new_node()
  node.list[#node.list + 1] = fresh
  return fresh
end

local function child(node, part, following)
  if part == "" then
    return next(node.map) == nil and element(node, following) or nil
  end
  if #node.list > 0 then
    return nil
  end
  local found = node.map[part]
  if found == nil then
    found = new_node()
    node.map[part] = found
  end
  return type(found) == "table" and found or nil
end

local function put(root, path, value)
  local node = root
  for i = 1, #path - 1 do
    node = child(node, path[i], path[i + 1])
    if not node then
      return conflict(path[1])
    end
  end
  local last = path[#path]
  if last == "" and #path > 1 then
    if next(node.map) ~= nil then
      return conflict(path[1])
    end
    node.list[#node.list + 1] = value
  elseif #node.list > 0 or type(node.map[last]) == "table" then
    return conflict(path[1])
  else
    node.map[last] = value
  end
  return true
end

-- Names "0" to "n-1" without a hole are a list; anything else stays a table of names.
local function indexed(map)
  local count = 0
  for _ in pairs(map) do
    count = count + 1
  end
  for i = 0, count - 1 do
    if map[tostring(i)] == nil then
      return nil
    end
  end
  return count
end

local function finish(node, is_root)
  if type(node) ~= "table" then
    return node
  end
  local out = {}
  local count = not is_root and next(node.map) ~= nil and indexed(node.map)
  if #node.list > 0 then
    for i, value in ipairs(node.list) do
      out[i] = finish(value)
    end
  elseif count then
    for i = 1, count do
      out[i] = finish(node.map[tostring(i - 1)])
    end
  else
    for name, value in pairs(node.map) do
      out[name] = finish(value)
    end
    return out
  end
  return json.array(out)
end

function form.decode(text, limits)
  limits = limits or LIMITS
  local root, count = new_node(), 0
  for pair in text:gmatch("[^&]+") do
    count = count + 1
    if count > (limits.pairs or LIMITS.pairs) then
      return nil, "too many parameters"
    end
    local key, value = pair:match("^([^=]*)=?(.*)$")
    key, value = form.unescape(key), form.unescape(value)
    if not utf8.len(key) or not utf8.len(value) then
      return nil, "not UTF-8", key
    end
    local path = split_key(key)
    if #path > (limits.depth or LIMITS.depth) then
      return nil, "nested too deeply", path[1]
    end
    local ok, message, where = put(root, path, value)
    if not ok then
      return nil, message, where
    end
  end
  return finish(root, true)
end

return form
