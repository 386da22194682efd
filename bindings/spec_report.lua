-- SPDX-License-Identifier: MIT
-- bindings: how the specs of `usher test` went: in a format of busted's, or as one JSON object; and the exit code.
local json, testing = require "json", require "testing"

local Report = {}
Report.__index = Report


local function name_of(busted, element)
  local names = {}
  while element and element.name and element.descriptor ~= "file" do
    table.insert(names, 1, element.name)
    element = busted.context.parent(element)
  end
  return table.concat(names, " ")
end


local function file_of(element)
  local trace = element.trace or {}
  return trace.short_src, trace.currentline
end


local function subscribe(self, busted)
  local function fail(status)
    return function(element, _, message, trace)
      self.failed = self.failed + 1
      local file, line = file_of(element)
      self.faults[#self.faults + 1] = {
        name = name_of(busted, element), file = file, line = line,
        status = status, message = tostring(message), traceback = trace and trace.traceback,
      }
      return nil, true
    end
  end
  busted.subscribe({ "error" }, fail "error")
  busted.subscribe({ "failure" }, fail "failure")
  busted.subscribe({ "test", "end" }, function(_, _, status)
    self.ran = self.ran + 1
    self.counts[status] = (self.counts[status] or 0) + 1
    return nil, true
  end)
end


-- output: "json", or the name of busted's handler in `handler`.
local function new(busted, output, handler)
  local self = setmetatable({ output = output, failed = 0, ran = 0, faults = json.array {}, counts = {} }, Report)
  if output ~= "json" then
    local options = { verbose = true, language = "en", arguments = {} }
    require("busted.outputHandlers." .. handler)(options):subscribe(options)
  end
  subscribe(self, busted)
  return self
end


-- broken: a file could not be read. paths: where specs were looked for. -> exit code
function Report:finish(broken, paths)
  local ok = not broken and self.failed == 0 and self.ran > 0
  if self.output == "json" then
    print(json.encode({
      ok = ok, seed = testing.seed, tests = self.ran, successes = self.counts.success or 0,
      failures = self.counts.failure or 0, errors = self.counts.error or 0, pending = self.counts.pending or 0,
      faults = self.faults,
    }, { sorted = true }))
  elseif self.output ~= "junit" then
    local mark = self.output == "TAP" and "# " or ""
    print(("%sseed %d (the same worlds again: --seed %d)"):format(mark, testing.seed, testing.seed))
  end
  if self.ran == 0 then
    io.stderr:write("usher test: no test ran; looked for *_spec.lua in ", table.concat(paths, ", "), "\n")
  end
  return ok and 0 or 1
end


return { new = new }
