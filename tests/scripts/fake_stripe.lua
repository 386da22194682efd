-- SPDX-License-Identifier: MIT
-- A stand-in for the stripe module over world.customers and world.methods; keys are remembered in world.keys.
-- For fakes.lua, whose wrap(world, name, functions) notes every call and lets it fail.
local copy, expression = require "tests.scripts.copy", require "tests.scripts.fake_expression"


return function(world, wrap)
  local function err(status, kind, code, param)
    return nil, { status = status, type = kind, code = code, param = param, sent = true,
      message = "a vendor's words" }
  end

  -- The same key gives the same answer; with other parameters it is refused.
  local function once(options, params, make)
    local key = assert(options and options.idempotency_key, "every POST has an Idempotency-Key")
    local known = world.keys[key]
    if known then
      if not expression.same(known.params, params) then return err(400, "idempotency_error") end
      return table.unpack(copy(known.answer), 1, 2)
    end
    local answer = table.pack(make())
    world.keys[key] = { params = copy(params), answer = copy(answer) }
    return table.unpack(answer, 1, 2)
  end

  local function new(list, prefix, object)
    world.ids = world.ids + 1
    object.id = ("%s_%d"):format(prefix, world.ids)
    list[object.id] = object
    return copy(object)
  end

  local fake = wrap(world, "stripe", {
    create_customer = function(params, options)
      return once(options, params, function() return new(world.customers, "cus", copy(params)) end)
    end,
    create_payment_method = function(params, options)
      return once(options, params, function()
        local token = params.card.token
        if token == "tok_unknown" then
          return err(400, "invalid_request_error", "resource_missing", "card[token]")
        end
        return new(world.methods, "pm", { token = token })
      end)
    end,
    attach_payment_method = function(id, params, options)
      return once(options, { id, params }, function()
        local method = world.methods[id]
        if not method then return err(404, "invalid_request_error", "resource_missing", "payment_method") end
        if method.token == "tok_chargeDeclined" then return err(402, "card_error", "card_declined") end
        if method.customer then return err(400, "invalid_request_error") end
        method.customer = params.customer
        return copy(method)
      end)
    end,
    retrieve_customer = function(id)
      if world.customers[id] then return copy(world.customers[id]) end
      return err(404, "invalid_request_error", "resource_missing", "id")
    end,
    retrieve_payment_method = function(id)
      if world.methods[id] then return copy(world.methods[id]) end
      return err(404, "invalid_request_error", "resource_missing", "payment_method")
    end,
    list_customer_payment_methods = function(id)
      local data = {}
      for _, method in pairs(world.methods) do
        if method.customer == id then data[#data + 1] = copy(method) end
      end
      return { data = data }
    end,
    update_customer = function(id, params, options)
      return once(options, { id, params }, function()
        for name, value in pairs(params) do world.customers[id][name] = copy(value) end
        return copy(world.customers[id])
      end)
    end,
    delete_customer = function(id)
      if not world.customers[id] then return err(404, "invalid_request_error", "resource_missing", "id") end
      world.customers[id] = nil
      return { id = id, deleted = true }
    end,
    list_customers = function(request)
      local data = {}
      for _, customer in pairs(world.customers) do
        if customer.email == request.email then data[#data + 1] = copy(customer) end
      end
      return { data = data }
    end,
  })
  fake.is_taken = function() return not world.key_refused end
  return fake
end
