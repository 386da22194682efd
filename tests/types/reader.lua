-- SPDX-License-Identifier: MIT
-- Reads the type files of scripts/.types as text, and the C tables they must agree with. types_spec.lua calls it.
local reader = {}

local FOLDER <const> = "scripts/.types/"


function reader.text(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end


-- -> sorted stems of the files of a folder that match the ending
function reader.stems(folder, ending)
  local list, names = assert(io.popen(("ls '%s'"):format(folder))), {}
  for name in list:lines() do names[#names + 1] = name:match("^(.*)" .. ending .. "$") end
  list:close()
  return names
end


local function words(list)
  local found = {}
  for word in list:gmatch("[^,%s]+") do found[#found + 1] = word end
  return found
end


-- The comment lines above line i, as one text
local function docs_above(lines, i)
  local first = i
  while lines[first - 1]:find("^%-%-%-") do first = first - 1 end
  return table.concat(lines, "\n", first, i - 1)
end


-- name -> { meta = "http", returns = "http", functions = list of { receiver=, name=, params=, docs= } }.
function reader.types(name)
  local lines, found = {}, { functions = {} }
  for line in (reader.text(FOLDER .. name .. ".lua") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  for i, line in ipairs(lines) do
    found.meta = found.meta or line:match("^%-%-%-@meta (%S+)$")
    found.returns = line:match("^return ([%w_]+)$") or found.returns
    local receiver, method, params = line:match("^function ([%w_]+)[.:]([%w_]+)%((.-)%) end$")
    assert(receiver or line:find "^%-%-" or not line:find "function", name .. ": " .. line)
    if receiver then
      found.functions[#found.functions + 1] =
        { receiver = receiver, name = method, params = words(params), docs = docs_above(lines, i) }
    end
  end
  return found
end


-- What the type file of a module gives when it is run: the module's shape.
function reader.shape(name)
  local chunk = assert(loadfile(FOLDER .. name .. ".lua", "t", { require = reader.shape }))
  return chunk()
end


-- The comment that ends right above a C function, if any
local function comment_of(code, name)
  local at = code:find("static int " .. name .. "(lua_State", 1, true)
  return at and code:sub(1, at - 1):match("/%*([^\n]-)%*/%s*$")
    or at and code:sub(1, at - 1):match("\n/%*(.*)$") or ""
end


local function last_comment(text)
  local from
  for at in text:gmatch("()/%*") do from = at end
  return from and text:sub(from) or text
end


local function add_rows(registered, code)
  for rows in code:gmatch("luaL_Reg [%w_]+%[%] = (%b{})") do
    for name, fn in rows:gmatch('{"([^"]+)", ([%w_]+)}') do
      if not name:find("^__") then registered[name] = last_comment(comment_of(code, fn)) end
    end
  end
end


-- What a module written in C registers: name -> what its comment says, of all its luaL_Reg tables, also of those in
-- a file beside its own that opens no module (jwt_key.c); nil: not in C
function reader.c_table(module, files)
  local codes, own = {}, nil
  for _, stem in ipairs(files) do
    codes[stem] = reader.text("bindings/" .. stem .. ".c")
    if codes[stem]:find("\nint luaopen_" .. module .. "%(lua_State %*L%) {") then own = stem end
  end
  if not own then return nil end

  local registered = {}
  for stem, code in pairs(codes) do
    local is_part = stem:sub(1, #own + 1) == own .. "_" and not code:find("\nint luaopen_")
    if stem == own or is_part then add_rows(registered, code) end
  end
  return registered
end


-- The names of a request's strings, from its C table
function reader.request_properties()
  local rows, names = reader.text("bindings/request.c"):match("properties%[%] = (%b{})"), {}
  for name in rows:gmatch('{"([^"]+)", exchange') do names[#names + 1] = name end
  return names
end


-- All annotations: classes = name -> set of its fields (and of its parent's), names = name -> how often it is declared,
-- used = name -> a file that mentions it
function reader.annotations()
  local found = { classes = {}, names = {}, used = {} }
  local parents = {}
  for _, stem in ipairs(reader.stems("scripts/.types", "%.lua")) do
    local class
    for line in reader.text(FOLDER .. stem .. ".lua"):gmatch("[^\n]+") do
      local tag, name, rest = line:match("^%-%-%-@(%l+) ([%w_.]+)%??(.*)$")
      if tag == "class" or tag == "alias" then
        found.names[name] = (found.names[name] or 0) + 1
        class = {}
        found.classes[name], parents[class] = class, rest:match("^: ([%w_.]+)")
      elseif tag == "field" then
        class[name] = true
      end
      for used in (line:match("^%-%-%-.*") or ""):gmatch("%f[%w/]usher%.[%w_.]*%w") do found.used[used] = stem end
    end
  end
  for _, fields in pairs(found.classes) do
    for name in pairs(found.classes[parents[fields]] or {}) do fields[name] = true end
  end
  return found
end


-- for where, tag, text in reader.tags() do: each annotation of all type files; "---|" goes on an alias
function reader.tags()
  return coroutine.wrap(function()
    for _, stem in ipairs(reader.stems("scripts/.types", "%.lua")) do
      local text, number = reader.text(FOLDER .. stem .. ".lua"):gsub("\n%-%-%-|", "|"), 0
      for line in text:gmatch("[^\n]*") do
        number = number + 1
        local tag, rest = line:match("^%-%-%-@(%l+) (.*)$")
        if tag then coroutine.yield(("%s:%d: "):format(stem, number), tag, rest) end
      end
    end
  end)
end


-- The words that stand behind a pattern's capture, as a set
function reader.words(path, pattern)
  local found = {}
  for word in reader.text(path):gmatch(pattern) do found[word] = true end
  return found
end


-- for line, a, b in reader.named(path) do: each a.b between backticks of a document's text
function reader.named(path)
  return coroutine.wrap(function()
    local number, fenced = 0, false
    for line in (reader.text(path) .. "\n"):gmatch("(.-)\n") do
      number = number + 1
      if line:find "^```" then fenced = not fenced end
      for code in line:gmatch(fenced and "^$" or "`([^`]+)`") do
        for a, b in code:gmatch "%f[%w_./]([%l%d_]+)%.([%l%d_]+)" do coroutine.yield(number, a, b) end
      end
    end
  end)
end


-- The modules that bindings/modules.c shows to scripts
function reader.shown()
  local rows, names = reader.text("bindings/modules.c"):match("shown%[%] = (%b{})"), {}
  for name in rows:gmatch('"([%w_]+)"') do names[#names + 1] = name end
  return names
end


return reader
