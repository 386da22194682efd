-- SPDX-License-Identifier: MIT
-- What a request brought is not in the text any more; the rest is.
local json, scrub = require "json", require "scrub"


local function request(body, headers, query)
  return { body = body, query_string = query or "", query = { email = query and query:match("email=(.*)") },
    header = function(_, name) return (headers or {})[name] end }
end


-- what it is: { text, body, headers, query, what is left }
local CASES = {
  ["a value"] = { "x.lua:1: no Secr3t-Word!", '{"password":"Secr3t-Word!"}', nil, nil, "x.lua:1: no [redacted]" },
  ["in another case"] = { "no JANE@EXAMPLE.com", '{"email":"Jane@example.com "}', nil, nil, "no [redacted]" },
  ["twice, and deep"] = { "abcd or abcd", '{"a":[{"b":"abcd"}]}', nil, nil, "[redacted] or [redacted]" },
  ["the longest first"] = { "abcdef", '{"a":"abcd","b":"abcdef"}', nil, nil, "[redacted]" },
  ["with escapes"] = { [[say "a\"b\"c"]], json.encode { a = 'a"b"c' }, nil, nil, 'say "[redacted]"' },
  ["a magic pattern"] = { "is 100%.*x", '{"a":"100%.*x"}', nil, nil, "is [redacted]" },
  ["the whole body"] = { "got <not json>", "<not json>", nil, nil, "got [redacted]" },
  ["a name of a field"] = { "at .Jane Doe", '{"Jane Doe":1}', nil, nil, "at .[redacted]" },
  ["our own names"] = { "field 'email' (a nil value)", '{"email":"j@example.com"}', nil, nil,
    "field 'email' (a nil value)" },
  ["short values"] = { "attempt to index GB", '{"country":"GB"}', nil, nil, "attempt to index GB" },
  ["a cookie"] = { "who is p-r-o-o-f", "", { cookie = "a=1; __Host-x=p-r-o-o-f" }, nil, "who is [redacted]" },
  ["a token"] = { "who is t0ken", "", { authorization = "Bearer t0ken" }, nil, "who is [redacted]" },
  ["the query"] = { "who is j@example.com", "", nil, "email=j@example.com", "who is [redacted]" },
}

describe("scrub", function()
  for name, case in pairs(CASES) do
    it("leaves out " .. name, function()
      assert.equal(case[5], scrub(case[1], request(case[2], case[3], case[4])))
    end)
  end

  it("never raises, and shows nothing then", function()
    assert.not_matches("abcd", scrub("abcd", { body = "abcd" }))
  end)
end)
