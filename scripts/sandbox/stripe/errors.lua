-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: how an operation refuses. Each function raises; init.lua turns the table into Stripe's
-- bytes. `early` marks refusals made before the operation began: those are not kept under an Idempotency-
-- Key.
local errors = {}

local mt = {
  __name = "stripe_error",
  __tostring = function(e) return ("%d %s"):format(e.status, e.body.message) end,
}

function errors.is(value)
  return getmetatable(value) == mt
end

-- body = the members of "error"; how = {status=, early=, headers=, keep=}. keep: what was written before
-- stays.
function errors.raise(body, how)
  how = how or {}
  body.type = body.type or "invalid_request_error"
  if body.code then
    body.doc_url = "https://stripe.com/docs/error-codes/" .. body.code:gsub("_", "-")
  end
  error(setmetatable({
    status = how.status or 400, body = body, early = how.early, headers = how.headers, keep = how.keep,
  }, mt), 0)
end

function errors.invalid(message, param, code, how)
  errors.raise({ message = message, param = param, code = code }, how)
end

-- An id that leads nowhere: 404 in the path, 400 among the parameters.
function errors.missing(noun, id, param, status)
  errors.invalid(("No such %s: '%s'"):format(noun, id), param, "resource_missing", { status = status or 400 })
end

function errors.early(message, param, code)
  errors.invalid(message, param, code, { early = true })
end

function errors.required(param)
  errors.early(("Missing required param: %s."):format(param), param, "parameter_missing")
end

-- meant: the one that a single unknown parameter is probably, or nil.
function errors.unknown(params, meant)
  local plural = #params > 1 and "s" or ""
  local guess = meant and (". Did you mean %s?"):format(meant) or ""
  errors.early(("Received unknown parameter%s: %s%s"):format(plural, table.concat(params, ", "), guess), params[1],
    "parameter_unknown")
end

function errors.empty(param)
  errors.early(("You passed an empty string for '%s'. We assume empty values are an attempt to unset a "
    .. "parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a "
    .. "non-empty value.")
    :format(param, param, param), param, "parameter_invalid_empty")
end

-- decline = {code=, decline_code=, message=, param=}; extra = more members, as setup_intent.
function errors.card(decline, extra, how)
  how = how or {}
  how.status = 402
  local body = { type = "card_error" }
  for name, value in pairs(decline) do
    body[name] = value
  end
  for name, value in pairs(extra or {}) do
    body[name] = value
  end
  errors.raise(body, how)
end

function errors.unrecognized(method, path)
  local hint = ""
  if path:sub(-1) == "/" then
    hint = " If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an "
      .. "object, make sure you passed a valid (non-empty) identifier in your code."
  end
  errors.invalid(("Unrecognized request URL (%s: %s).%s Please see https://stripe.com/docs or we can help at "
    .. "https://support.stripe.com/."):format(method, path, hint), nil, nil, { status = 404, early = true })
end

return errors
