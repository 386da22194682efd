-- SPDX-License-Identifier: MIT
-- What a breaker stands on, as plain tables: parts() -> parts to look at: .names (the marks), .now, .logged, .gauge.
return function()
  local parts = { service = "stripe", look_at = "stripe.key", metric = "OPEN", names = {}, logged = {}, now = 1000.0 }
  local next_at = 0

  local function find(name)
    for i, one in ipairs(parts.names) do
      if one == name then return i end
    end
  end

  parts.pause = function() return 30 end
  parts.marks = {
    add = function(name)
      if find(name) then return false end
      parts.names[#parts.names + 1] = name
      return true
    end,
    remove = function(name)
      local i = find(name)
      return i ~= nil and table.remove(parts.names, i) ~= nil
    end,
    count = function() return #parts.names end,
    list = function() return { table.unpack(parts.names) } end,
  }
  parts.limiter = {
    take = function(_, _, rate)
      if parts.now < next_at then return false, next_at - parts.now end
      next_at = parts.now + 1 / rate
      return true
    end,
  }
  local function write(level)
    return function(event, fields)
      parts.logged[#parts.logged + 1] = { level = level, event = event, fields = fields }
    end
  end
  parts.log = { error = write "error", info = write "info" }
  parts.metrics = { gauge = function(name, value) parts.gauge = name .. " " .. value end }
  return parts
end
