-- SPDX-License-Identifier: MIT
-- A stand-in for the dynamodb module over world.table: conditions are looked at, tokens and transactions kept.
-- For fakes.lua, whose wrap(world, name, functions) notes every call and lets it fail.
local assert = require "luassert"
local copy, expression = require "tests.scripts.copy", require "tests.scripts.fake_expression"

local FAILED <const> = "ConditionalCheckFailedException"

return function(world, wrap)
  local function slot(key) return key.pk .. "\0" .. key.sk end

  -- -> the item after the change (false: gone) | nil, the item that did not fit
  local function changed(kind, request)
    local at = slot(request.item or request.key)
    local item = world.table[at]
    if not expression.holds(request.condition, item or {}, request.values) then return nil, item end
    if kind == "put" then return copy(request.item) end
    if kind == "delete" then return false end
    if kind == "check" then return item or false end
    return expression.update(copy(item) or copy(request.key), copy(request))
  end

  local function write(kind, request)
    local item, old = changed(kind, request)
    if item == nil then
      return nil, { code = FAILED, item = request.return_old_on_failure and copy(old) or nil, status = 400 }
    end
    local at = slot(request.item or request.key)
    local before = world.table[at]
    world.table[at] = item or nil
    if request.returns == "ALL_OLD" then return copy(before or {}) end
    return request.returns and copy(item) or true
  end

  return wrap(world, "dynamodb", {
    put = function(request) return write("put", request) end,
    update = function(request) return write("update", request) end,
    delete = function(request) return write("delete", request) end,
    get = function(request) return copy(world.table[slot(request.key)]) end,
    query = function(request)
      local list = {}
      for _, item in pairs(world.table) do
        if expression.holds(request.key_condition, item, request.values) then list[#list + 1] = copy(item) end
      end
      table.sort(list, function(a, b) return a.sk < b.sk end)
      return list
    end,
    batch_write = function(request)
      for _, key in ipairs(request.delete or {}) do world.table[slot(key)] = nil end
      return true
    end,
    transact_write = function(request)
      local token = request.token
      if token and world.tokens[token] then
        assert.same(world.tokens[token], request.items, "the same token must come with the same items")
        return true
      end
      local reasons, broken = {}, false
      for i, action in ipairs(request.items) do
        local kind, body = next(action)
        local item, old = changed(kind, body)
        reasons[i] = { code = item == nil and "ConditionalCheckFailed" or "None",
          item = item == nil and body.return_old_on_failure and copy(old) or nil }
        broken = broken or item == nil
      end
      if broken then
        return nil, { code = "TransactionCanceledException", status = 400, reasons = reasons }
      end
      for _, action in ipairs(request.items) do write(next(action)) end
      if token then world.tokens[token] = copy(request.items) end
      return true
    end,
  })
end
