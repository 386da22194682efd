-- SPDX-License-Identifier: MIT
-- slack.post: what goes out, what each answer means, what is tried again; and that the URL is in no string.
local json, secret = require "json", require "secret"
local keep_modules = require "tests.bindings.keep_modules"

local WEBHOOK = "https://hooks.slack.com/services/T0/B0/hidden"

local slack, sent, slept, now


-- answers: what http.fetch gives in turn, {status=, body=, headers=} or a failure {kind=, sent=}
local function with(answers)
  sent, slept, now = {}, {}, 1000
  package.loaded.slack = nil
  package.loaded.config = { slack = { webhook = secret.new("slack.webhook", WEBHOOK), timeout = 2 } }
  package.loaded.clock = { monotonic = function() return now end, sleep = function(seconds)
    slept[#slept + 1] = seconds
    now = now + seconds
  end }
  package.loaded.http = { fetch = function(request)
    sent[#sent + 1] = request
    local answer = assert(answers[#sent], "one call too many")
    if answer.kind then return nil, { kind = answer.kind, message = "m", sent = answer.sent } end
    return { status = answer.status, body = answer.body or "", headers = answer.headers or {} }
  end }
  slack = require "slack"
end


describe("slack", function()
  teardown(keep_modules { "config", "clock", "http", "slack" })

  it("escapes what Slack would obey, and nothing else", function()
    with {}
    assert.equal("&lt;!channel&gt; &amp;amp; é * _ &lt;http://x|y&gt;",
      slack.escape "<!channel> &amp; é * _ <http://x|y>")
    assert.equal("a b", slack.escape "a\r\n\0b")
  end)

  it("posts JSON to the webhook, which stays a handle", function()
    with { { status = 200, body = "ok" } }
    assert.is_true(slack.post "hello")
    assert.equal("POST", sent[1].method)
    assert.equal(1, #sent[1].url)
    assert.equal("<secret slack.webhook>", tostring(sent[1].url[1]))
    assert.same({ text = "hello", unfurl_links = false }, json.decode(sent[1].body))
    assert.equal("application/json", sent[1].headers["content-type"])
    assert.is_true(sent[1].timeout <= 2)
  end)

  it("cuts a text that is too long between characters", function()
    with { { status = 200 } }
    assert.is_true(slack.post(("é"):rep(3000)))
    assert.equal(("é"):rep(2000), json.decode(sent[1].body).text)
  end)

  -- answer, code, may it work later
  for _, case in ipairs {
    { { status = 400, body = "invalid_payload" }, "invalid_payload", false },
    { { status = 403, body = "action_prohibited" }, "action_prohibited", false },
    { { status = 404, body = "no_service\n" }, "no_service", false },
    { { status = 410, body = "channel_is_archived" }, "channel_is_archived", false },
    { { status = 404, body = "<html>jane@example.com</html>" }, "http_404", false },
    { { status = 301, body = "" }, "http_301", false },
    { { kind = "timeout", sent = true }, "timeout", true },
    { { kind = "reset", sent = true }, "reset", true },
  } do
    it("does not repeat " .. case[2], function()
      with { case[1] }
      local ok, err = slack.post "hello"
      assert.is_nil(ok)
      assert.same({ case[2], case[3] }, { err.code, err.retryable })
      assert.equal(1, #sent)
    end)
  end

  -- the first answer, how long it waits
  for _, case in ipairs {
    { { status = 500, body = "rollup_error" }, 0.2 }, { { status = 503 }, 0.2 },
    { { kind = "connect", sent = false }, 0.2 }, { { kind = "dns", sent = false }, 0.2 },
    { { status = 429, headers = { ["retry-after"] = "1" } }, 1 }, { { status = 429 }, 1 },
  } do
    it("repeats after " .. (case[1].kind or case[1].status), function()
      with { case[1], { status = 200, body = "ok" } }
      assert.is_true(slack.post "hello")
      assert.same({ case[2] }, slept)
    end)
  end

  it("does not wait longer than it may", function()
    with { { status = 429, headers = { ["retry-after"] = "30" } } }
    local _, err = slack.post "hello"
    assert.same({ "http_429", 30, true }, { err.code, err.retry_after, err.retryable })
    assert.same({}, slept)
  end)

  it("gives up after three tries", function()
    with { { status = 500 }, { status = 500 }, { status = 500 } }
    local _, err = slack.post "hello"
    assert.same({ "http_500", true }, { err.code, err.retryable })
    assert.equal(3, #sent)
  end)

  it("has no webhook", function()
    with {}
    package.loaded.config.slack.webhook = nil
    local ok, err = slack.post "hello"
    assert.is_nil(ok)
    assert.same({ "no_webhook", true }, { err.code, err.retryable }) -- another process may have it
  end)
end)
