-- SPDX-License-Identifier: MIT
-- router: which handler a request finds, and what is said of routes that cannot be.
local fail = require "fail"

local function with_routes(routes)
  local kept = { package.loaded.router, package.loaded.routes }
  package.loaded.router, package.loaded.routes = nil, routes
  local ok, router = pcall(require, "router")
  package.loaded.router, package.loaded.routes = kept[1], kept[2]
  return ok and router, not ok and router
end

package.loaded.spec_echo = function(request) return { body = request.method .. " " .. request.path } end
package.loaded.spec_own = function() return { body = "own" } end
package.loaded.spec_table = {}

local router = assert(with_routes {
  { "GET", "/thing", "spec_echo" },
  { "PUT", "/thing", "spec_echo" },
  { "POST", "/other", "spec_echo" },
  { "GET", "/files/*", "spec_echo" },
  { "GET", "/files/own", "spec_own" },
  { "PUT", "/files/deep/*", "spec_echo" },
  { "GET", "/once", "spec_echo", effects = true },
  { "DELETE", "/once", "spec_echo" },
  { "GET", "/both", "spec_echo", effects = true },
  { "HEAD", "/both", "spec_own" },
})

local function ask(method, path, listener)
  local ok, reply = pcall(router, { method = method, path = path, listener = listener or "public" })
  if ok then return reply.status or 200, reply end
  assert.is_true(fail.is(reply))
  return reply.status, reply
end

local FOUND <const> = { -- method, path, status, Allow
  { "GET", "/thing", 200 },
  { "PUT", "/thing", 200 },
  { "HEAD", "/thing", 200 },
  { "POST", "/other", 200 },
  { "POST", "/thing", 405, "GET, HEAD, OPTIONS, PUT" },
  { "GET", "/other", 405, "OPTIONS, POST" },
  { "HEAD", "/other", 405, "OPTIONS, POST" },
  { "DELETE", "/other", 405, "OPTIONS, POST" },
  { "OPTIONS", "/thing", 204, "GET, HEAD, OPTIONS, PUT" },
  { "OPTIONS", "/other", 204, "OPTIONS, POST" },
  { "GET", "/once", 200 },
  { "HEAD", "/once", 405, "DELETE, GET, OPTIONS" },
  { "OPTIONS", "/once", 204, "DELETE, GET, OPTIONS" },
  { "HEAD", "/both", 200 },
  { "GET", "/", 404 },
  { "GET", "/thing/", 404 },
  { "GET", "/Thing", 404 },
  { "GET", "//thing", 404 },
  { "GET", "", 404 },
  { "OPTIONS", "/nothing", 404 },
  { "OPTIONS", "*", 404 },
  { "GET", "/healthz", 200 },
  { "POST", "/healthz", 405, "GET, HEAD, OPTIONS" },
  { "GET", "/metrics", 404 },
  { "GET", "/status", 404 },
  { "GET", "/files/a.css", 200 },
  { "HEAD", "/files/a.css", 200 },
  { "GET", "/files/a/b.css", 200 },
  { "GET", "/files/", 200 },
  { "GET", "/files/*", 200 },
  { "POST", "/files/a.css", 405, "GET, HEAD, OPTIONS" },
  { "PUT", "/files/deep/a", 200 },
  { "GET", "/files/deep/a", 405, "OPTIONS, PUT" },
  { "GET", "/files", 404 },
  { "GET", "/filesystem", 404 },
  { "GET", "/files//a.css", 404 },
  { "GET", "//files/a.css", 404 },
  { "GET", "/files/../thing", 404 },
  { "GET", "/files/./a.css", 404 },
  { "GET", "/files/..", 404 },
}

local ADMIN <const> = {
  { "GET", "/metrics", 200 },
  { "GET", "/status", 200 },
  { "GET", "/healthz", 200 },
  { "GET", "/thing", 404 },
  { "POST", "/metrics", 405, "GET, HEAD, OPTIONS" },
}

local function check(case, listener)
  local status, reply = ask(case[1], case[2], listener)
  assert.equal(case[3], status)
  assert.equal(case[4], (reply.headers or {}).Allow)
end

describe("the router", function()
  for _, case in ipairs(FOUND) do
    it(("answers %s %s with %d"):format(table.unpack(case)), function() check(case) end)
  end
  for _, case in ipairs(ADMIN) do
    it(("answers %s %s with %d to the admin"):format(table.unpack(case)), function() check(case, "admin") end)
  end

  it("takes the entry of its own before the folder's", function()
    assert.equal("own", select(2, ask("GET", "/files/own")).body)
    assert.equal("GET /files/own/a", select(2, ask("GET", "/files/own/a")).body)
  end)

  it("gives the handler the request as it is", function()
    assert.equal("PUT /thing", select(2, ask("PUT", "/thing")).body)
    assert.equal("HEAD /thing", select(2, ask("HEAD", "/thing")).body)
    assert.equal("own", select(2, ask("HEAD", "/both")).body)
  end)

  it("knows which methods there are, for CORS preflights", function()
    assert.equal("DELETE, GET, HEAD, POST, PUT", require "routing".methods)
  end)
end)

local REFUSED <const> = {
  { { { "GET", "/a" } }, "scripts/routes.lua:1: entry 1 must be { method, path, module }" },
  { { { "GET", "/a", "spec_echo" }, "text" }, "scripts/routes.lua:1: entry 2 must be { method, path, module }" },
  { { { "GET", "/a", print } }, "scripts/routes.lua:1: entry 1 must be { method, path, module }" },
  { { { "GET", "/a", "spec_table" } }, "scripts/routes.lua:1: GET /a: module spec_table must return a function" },
  { { { "GET", "/a", "spec_nothing" } }, "scripts/routes.lua:1: GET /a: module 'spec_nothing' not found" },
  { { { "GET", "/a", "spec_echo" }, { "GET", "/a", "spec_echo" } }, "scripts/routes.lua:1: GET /a: stands twice" },
  { { { "GET", "/healthz", "spec_echo" } }, "scripts/routes.lua:1: GET /healthz: stands twice" },
  { { { "get", "/a", "spec_echo" } }, 'scripts/routes.lua:1: entry 1 has the method "get", which no request has' },
  { { { "GET", "a", "spec_echo" } }, 'scripts/routes.lua:1: entry 1 has the path "a", which must begin with /' },
  { { { "GET", "/a", "spec_echo", effects = "no" } },
    "scripts/routes.lua:1: entry 1 has effects, which can only be true" },
  { 5, "scripts/routes.lua:1: must return a list of routes" },
  { true, "scripts/routes.lua:1: must return a list of routes" },
}

describe("routes that cannot be", function()
  for _, case in ipairs(REFUSED) do
    it("are refused: " .. case[2], function()
      local found, problem = with_routes(case[1])
      assert.is_false(found)
      assert.equal(case[2], problem:sub(1, #case[2]))
    end)
  end
end)
