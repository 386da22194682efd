-- SPDX-License-Identifier: MIT
-- http.fetch: what it refuses to be asked, what it puts on the wire, what it says of replies and failures.
local http = require "http"
local secret = require "secret"
local task = require "task"

local REFUSED = "http://127.0.0.1:1/"
local EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
local PEER = os.getenv "USHER_TEST_PEER" or "build/dev/tests/peer"

-- Runs use(url, next_request) beside a server that answers the n-th request with the n-th reply, as it is.
local function with_peer(script, use)
  local command = { "exec", PEER }
  for _, argument in ipairs(script) do
    command[#command + 1] = "'" .. argument:gsub("'", "'\\''") .. "'"
  end
  local output <close> = assert(io.popen(table.concat(command, " ")))
  local url = assert(output:read "l", "no peer at " .. PEER)
  use(url, function() return output:read(tonumber(output:read "l")) end)
end


local function header(request, name) return request:match("\r\n" .. name .. ": ([^\r]*)\r\n") end


describe("http.fetch refuses", function()
  local token = secret.new("token", "abc")
  local torn = secret.new("torn", "abc\r\nX: y")
  local refused = {
    { "no table", nil, "table expected" },
    { "no url", {}, "url" },
    { "a url of another type", { url = 1 }, "url" },
    { "another scheme", { url = "file:///etc/passwd" }, "url" },
    { "a url with a space", { url = "http://a/b c" }, "url" },
    { "a url with a line break", { url = "http://a/\r\nX: y" }, "url" },
    { "a url with a NUL", { url = "http://a/\0b" }, "url" },
    { "a url part of another type", { url = { "http://a/", 1 } }, "url: a number" },
    { "a url in no parts", { url = {} }, "url" },
    { "a secret url with a line break", { url = { "http://a/", torn } }, "url: http:// or" },
    { "an unknown option", { url = REFUSED, header = {} }, "header" },
    { "a positional option", { url = REFUSED, "GET" }, "option" },
    { "an empty method", { url = REFUSED, method = "" }, "method" },
    { "a method with a space", { url = REFUSED, method = "GET /" }, "method" },
    { "a method with a NUL", { url = REFUSED, method = "GET\0" }, "method" },
    { "a body of another type", { url = REFUSED, body = 1 }, "body" },
    { "a number as a part of the body", { url = REFUSED, body = { "a", 1 } }, "body" },
    { "a body for HEAD", { url = REFUSED, method = "HEAD", body = "x" }, "body" },
    { "headers of another type", { url = REFUSED, headers = "a: b" }, "headers" },
    { "headers as a list", { url = REFUSED, headers = { "a: b" } }, "named by strings" },
    { "an empty name", { url = REFUSED, headers = { [""] = "b" } }, "name" },
    { "a name with a colon", { url = REFUSED, headers = { ["a:"] = "b" } }, "name" },
    { "a name with a line break", { url = REFUSED, headers = { ["a\r\nb"] = "b" } }, "name" },
    { "a name with a NUL", { url = REFUSED, headers = { ["a\0"] = "b" } }, "name" },
    { "a name beyond ASCII", { url = REFUSED, headers = { ["ä"] = "b" } }, "name" },
    { "a value with CR", { url = REFUSED, headers = { a = "b\rc" } }, "line break" },
    { "a value with LF", { url = REFUSED, headers = { a = "b\nc" } }, "line break" },
    { "a value with NUL", { url = REFUSED, headers = { a = "b\0c" } }, "line break" },
    { "a part with LF", { url = REFUSED, headers = { a = { "b", "\nc" } } }, "line break" },
    { "a secret with LF", { url = REFUSED, headers = { a = torn } }, "line break" },
    { "a number as value", { url = REFUSED, headers = { a = 1 } }, "header a" },
    { "a number as part", { url = REFUSED, headers = { a = { 1 } } }, "header a" },
    { "a list in a list", { url = REFUSED, headers = { a = { { "b" } } } }, "header a" },
    { "a file as value", { url = REFUSED, headers = { a = io.stdout } }, "header a" },
    { "Content-Length", { url = REFUSED, headers = { ["Content-Length"] = "1" } }, "client's" },
    { "transfer-encoding", { url = REFUSED, headers = { ["transfer-encoding"] = "x" } }, "client's" },
    { "Connection", { url = REFUSED, headers = { Connection = "close" } }, "client's" },
    { "a negative timeout", { url = REFUSED, timeout = -1 }, "timeout" },
    { "a timeout that is no number", { url = REFUSED, timeout = 0 / 0 }, "timeout" },
    { "an endless timeout", { url = REFUSED, timeout = math.huge }, "timeout" },
    { "a timeout of another type", { url = REFUSED, timeout = "1" }, "timeout" },
    { "a negative max_response", { url = REFUSED, max_response = -1 }, "max_response" },
    { "a broken max_response", { url = REFUSED, max_response = 1.5 }, "max_response" },
    { "a url as a secret", { url = token }, "url" },
  }
  for _, case in ipairs(refused) do
    it(case[1], function()
      local ok, problem = pcall(http.fetch, case[2])
      assert.is_false(ok)
      assert.matches(case[3], problem, 1, true)
    end)
  end

  it("headers that an option's __index changes while they are read", function()
    for _, change in ipairs {
      function(headers) headers.a = "b\r\nX: y" end,
      function(headers) headers.a, headers[{ 1, 2, 3 }] = nil, "b" end,
    } do
      local headers = { a = "b" }
      local options = setmetatable({ url = REFUSED, headers = headers }, { __index = function(_, name)
        if name == "timeout" then change(headers) end
      end })
      assert.is_false((pcall(http.fetch, options)))
    end
  end)

  it("to wait outside a task", function()
    local ok, problem = coroutine.resume(coroutine.create(http.fetch), { url = REFUSED })
    assert.is_false(ok)
    assert.matches("task", problem, 1, true)
  end)

  it("to show a secret in its errors", function()
    local _, problem = pcall(http.fetch, { url = REFUSED, headers = { a = torn } })
    assert.is_nil(problem:find("abc", 1, true))
    _, problem = pcall(http.fetch, { url = { torn } })
    assert.is_nil(problem:find("abc", 1, true))
  end)

  it("to show a secret url when nobody answers", function()
    local hidden = secret.new("webhook", REFUSED .. "services/hidden")
    local reply, err = http.fetch { url = { hidden }, timeout = 5 }
    assert.is_nil(reply)
    assert.equal("connect", err.kind)
    assert.is_nil(err.message:find("hidden", 1, true))
  end)
end)


describe("http.fetch sends", function()
  local token = secret.new("token", "s3cr3t")
  local values = {
    { "a string", "plain", "plain" },
    { "a secret", token, "s3cr3t" },
    { "a list", { "Bearer ", token, ";", token, "" }, "Bearer s3cr3t;s3cr3t" },
    { "nothing", {}, nil },
    { "spaces inside", "a b\tc", "a b\tc" },
  }
  for _, case in ipairs(values) do
    it("a header of " .. case[1], function()
      with_peer({ EMPTY, "keep" }, function(url, next_request)
        local reply = assert(http.fetch { url = url, headers = { ["X-Value"] = case[2] } })
        assert.equal(200, reply.status)
        assert.equal(case[3], header(next_request(), "X%-Value"))
      end)
    end)
  end

  it("a body in parts, one of them a secret that needs escaping", function()
    with_peer({ EMPTY, "keep" }, function(url, next_request)
      local key = secret.escaped(secret.new("key", "a b&c=d\xff"))
      assert.equal("<secret key>", tostring(key))
      assert(http.fetch { method = "POST", url = url, body = { "key=", key, "&x=", "y" } })
      assert.equal("key=a%20b%26c%3Dd%FF&x=y", next_request():match "\r\n\r\n(.*)$")
    end)
  end)

  it("a url whose parts are secret", function()
    with_peer({ EMPTY, "keep" }, function(url, next_request)
      local path = secret.new("path", "services/T0/B0?x=1")
      assert.equal(200, assert(http.fetch { url = { url, path, "&y=2" } }).status)
      assert.equal("GET /services/T0/B0?x=1&y=2 HTTP/1.1", next_request():match "^[^\r]*")
    end)
  end)

  it("many headers, and a body with any bytes", function()
    with_peer({ EMPTY, "keep" }, function(url, next_request)
      local headers, body = {}, "\0\r\n\255"
      for i = 1, 60 do headers["X-" .. i] = { "v", tostring(i) } end
      assert(http.fetch { method = "POST", url = url .. "a%20b?c=d", headers = headers, body = body })
      local request = next_request()
      assert.equal("POST /a%20b?c=d HTTP/1.1", request:match "^[^\r]*")
      for i = 1, 60 do assert.equal("v" .. i, header(request, "X%-" .. i)) end
      assert.equal(body, request:match "\r\n\r\n(.*)$")
      assert.equal("4", header(request, "Content%-Length"))
      assert.is_nil(header(request, "Content%-Type"))
    end)
  end)
end)


describe("http.fetch returns", function()
  it("status, headers and body", function()
    local reply = "HTTP/1.1 404 Not Found\r\nX-Id: 1\r\nVary: a\r\nvary: b\r\nContent-Length: 3\r\n\r\n\0\1\2"
    -- NUL cannot travel through a command line
    reply = reply:gsub("%z", "x")
    with_peer({ reply, "keep" }, function(url)
      assert.same({
        status = 404, body = "x\1\2",
        headers = { ["x-id"] = "1", vary = "a, b", ["content-length"] = "3" },
      }, (http.fetch { url = url }))
    end)
  end)

  local failures = {
    { "connect", { url = REFUSED }, {}, sent = false },
    { "dns", { url = "http://nowhere.invalid/" }, {}, sent = false },
    { "timeout", { timeout = 0.05 }, { "", "hang" }, sent = true },
    { "timeout", { timeout = 0 }, { "", "hang" }, sent = false },
    { "reset", {}, { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "fin" }, sent = true },
    { "reset", {}, { "", "rst" }, sent = true },
    { "too_large", { max_response = 1 }, { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxx", "keep" },
      sent = true },
    { "protocol", {}, { "what?\r\n\r\n", "fin" }, sent = true },
  }
  for i, case in ipairs(failures) do
    it(("failure %d: %s"):format(i, case[1]), function()
      local options, script = case[2], #case[3] > 0 and case[3] or { EMPTY, "keep" }
      with_peer(script, function(url)
        options.url = options.url or url
        local reply, err = http.fetch(options)
        assert.is_nil(reply)
        assert.equal(case[1], err.kind)
        assert.equal(case.sent, err.sent)
        assert.is_string(err.message)
        assert.not_equal("", err.message)
      end)
    end)
  end
end)


describe("http.fetch and connections", function()
  it("does not send a POST twice", function()
    with_peer({ EMPTY, "keep", "", "fin", EMPTY, "keep" }, function(url)
      assert(http.fetch { method = "POST", url = url })
      local reply, err = http.fetch { method = "POST", url = url }
      assert.is_nil(reply)
      assert.equal("reset", err.kind)
      assert.is_true(err.sent)
    end)
  end)

  it("sends a repeatable POST again", function()
    with_peer({ EMPTY, "keep", "", "fin", EMPTY, "keep" }, function(url)
      assert(http.fetch { method = "POST", url = url })
      assert.equal(200, http.fetch({ method = "POST", url = url, repeatable = true }).status)
    end)
  end)

  it("has many calls under way at once", function()
    with_peer({ EMPTY, "keep" }, function(url)
      local calls = {}
      for i = 1, 50 do
        calls[i] = function() return http.fetch({ url = url }).status end
      end
      local statuses = task.all(calls)
      for i = 1, 50 do assert.equal(200, statuses[i]) end
    end)
  end)

  it("lets the collector run in between", function()
    with_peer({ EMPTY, "keep" }, function(url)
      task.all {
        function() assert.equal(200, http.fetch({ url = url }).status) end,
        function() collectgarbage() end,
      }
    end)
  end)
end)
