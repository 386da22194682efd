-- SPDX-License-Identifier: MIT
-- Sandbox, Cognito's hosted UI, on the cognito listener. handler(req) -> reply | nil: not one of its addresses.
local admit = require "sandbox.hosted_ui.admit"
local federation = require "sandbox.hosted_ui.federation"
local login = require "sandbox.hosted_ui.login"
local requests = require "sandbox.hosted_ui.requests"
local sorted_names = require "sandbox.sorted_names"
local token = require "sandbox.hosted_ui.token"
local userinfo = require "sandbox.hosted_ui.userinfo"
local web = require "sandbox.web"

-- Who is signed in here goes on at once, unless another provider or a fresh sign-in is asked for.
local function authorize(req)
  local request, refused = requests.read(req.query)
  if refused then return refused end
  if request.provider and request.provider ~= "COGNITO" then return federation.leave(request) end
  local again = req.query.prompt ~= "login" and admit.again(request, req)
  if again then return again end
  if req.query.prompt == "none" then return requests.refuse(request, "login_required") end
  return web.redirect("/login?" .. requests.query(request.params))
end

-- To a registered address, or to the sign-in page for the parameters of one.
local function logout(req)
  local params = req.query
  local client = requests.client(params.client_id)
  if not client then return requests.problem "Client does not exist." end
  local headers = admit.leave(req)
  if not params.logout_uri and params.redirect_uri then
    return web.redirect("/login?" .. requests.query(params), headers)
  end
  for _, url in ipairs(client.settings.LogoutURLs or {}) do
    if url == params.logout_uri then return web.redirect(url, headers) end
  end
  return requests.problem "Required parameters are missing or invalid: logout_uri"
end

local routes = {
  ["/oauth2/authorize"] = { GET = authorize },
  ["/oauth2/idpresponse"] = { GET = federation.back },
  ["/oauth2/token"] = { POST = token.exchange },
  ["/oauth2/revoke"] = { POST = token.revoke },
  ["/oauth2/userInfo"] = { GET = userinfo, POST = userinfo },
  ["/login"] = { GET = login.show, POST = login.answer },
  ["/logout"] = { GET = logout },
}

local function preflight(req, methods)
  return { status = 200, body = "", headers = {
    ["Access-Control-Allow-Origin"] = "*", ["Access-Control-Allow-Methods"] = table.concat(sorted_names(methods), ","),
    ["Access-Control-Allow-Headers"] = req:header("access-control-request-headers"),
  } }
end

return function(req)
  local methods = routes[req.path]
  if not methods then return nil end
  local route = methods[req.method]
  if route then return route(req) end
  if req.method == "OPTIONS" then return preflight(req, methods) end
  return web.problem(405, "An error was encountered with the requested page.", "Method not allowed.")
end
