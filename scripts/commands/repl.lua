-- SPDX-License-Identifier: MIT
-- usher repl: Lua by hand, with every binding. Each line (or several, until they make a whole) runs as one task.
local line_editor, readable, terminal = require "line_editor", require "readable", require "terminal"

local HELP <const> = [[
usage: usher repl [OPTION…]

Lua by hand, with every binding and script, as `usher exec` has them. A name that is none yet is required: so
`cognito.list_users()` does it. What a line gives is printed, `=x` and `x` alike; tables show their members, secrets
stay handles. A line may wait for I/O. What does not end goes on in the next line. Without `local`, a name stays.
Ctrl-C stops what runs, a second time the process; Ctrl-D ends. The settings' secrets may be missing.
Exit code 0; 1: input was no terminal, and something failed.

  usher repl --dev              against the sandbox of a running `usher dev`
  echo 'config.listen.port' | usher repl
]]


-- What lines have as globals: Lua's, their own, and every module by its name.
local function environment()
  local names = {}
  for name, value in pairs(_G) do names[name] = value end
  names.require = function(name) return (require(name)) end
  return setmetatable({}, { __index = function(_, name)
    if names[name] ~= nil then return names[name] end
    local found, module = pcall(require, name)
    return found and module or nil
  end })
end


-- -> function | nil, problem, is it incomplete?
local function compile(text, env)
  local expression = text:match "^%s*=(.*)$" or text
  local fn = load("return " .. expression, "=line", "t", env)
  if fn then return fn end
  local problem
  fn, problem = load(text, "=line", "t", env)
  return fn, problem, problem and problem:find "<eof>$" ~= nil
end


-- As far as it is the line's: what ran it is not told.
local function traceback(problem)
  local words = type(problem) == "string" and problem or readable(problem)
  local lines = debug.traceback(words, 2):gsub("\n[^\n]*%[C%]: in function 'xpcall'.*$", "")
  return lines
end


local function print_values(values)
  for i = 1, values.n do print(readable(values[i])) end
end


-- A reader of whole lines: an editor at a terminal, else as they come.
local function reader(input)
  if terminal.is_one() then return line_editor.new(input), true end
  local rest = ""
  local plain = { remember = function() end }
  function plain.read()
    while true do
      local line, after = rest:match "^([^\n]*)\n(.*)$"
      if line then
        rest = after
        return line
      end
      local more = input:read()
      if not more then break end
      rest = rest .. more
    end
    local line = rest
    rest = ""
    if line == "" then return nil, "end" end
    return line
  end
  return plain, false
end


-- One whole input -> text, function | nil, "end", or "interrupted"
local function read_piece(lines, env)
  local text
  while true do
    local line, why = lines:read(text and ">> " or "> ")
    if not line and (why == "interrupted" or not text) then return nil, why end
    text = text and line and text .. "\n" .. line or text or line
    local fn, problem, incomplete = compile(text, env)
    if fn or not incomplete or not line then return text, fn, problem end
  end
end


-- -> did it succeed?
local function run_piece(input, fn)
  local left, ok, values = false, false, nil
  local ended = input:run(function()
    values = table.pack(xpcall(fn, traceback))
    ok = values[1]
    if left then return end
    if ok then
      print_values(table.pack(table.unpack(values, 2, values.n)))
    else
      io.stderr:write(values[2], "\n")
    end
  end)
  left = true
  if not ended then io.stderr:write "interrupted\n" end
  io.stdout:flush()
  return ended and ok
end


local function session()
  local input = terminal.open()
  local lines, by_hand = reader(input)
  local env, failed = environment(), false
  if by_hand then print "usher repl: Lua with every binding; Ctrl-D ends" end
  while true do
    local text, fn, problem = read_piece(lines, env)
    if not text and fn == "end" then break end
    if text then lines:remember(text) end
    if fn and text then
      failed = not run_piece(input, fn) or failed
    elseif problem then
      failed = true
      io.stderr:write(problem, "\n")
    end
  end
  return failed and not by_hand and 1 or 0
end


local function run()
  local code = session()
  os.exit(code) -- whatever a line has left running
end


return { summary = "Lua by hand, with every binding", help = HELP, wanted = {}, run = run, secrets = false }
