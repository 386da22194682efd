-- SPDX-License-Identifier: MIT
-- metrics: what scripts may count, and the page that Prometheus reads.
local metrics = require "metrics"

local function page()
  local lines = {}
  for line in metrics.render():gmatch("[^\n]+") do lines[line] = true end
  return lines
end

describe("metrics", function()
  it("counts, sets and observes", function()
    metrics.count("spec_total")
    metrics.count("spec_total", 2.5)
    metrics.gauge("spec_gauge", -1)
    metrics.observe("spec_seconds", 0.02)
    metrics.observe("spec_seconds", 100)
    assert.equal(3.5, metrics.value("spec_total"))
    assert.equal(-1, metrics.value("spec_gauge"))
    assert.equal(2, metrics.value("spec_seconds"))
    assert.equal(0, metrics.value("spec_never"))
    local lines = page()
    for _, line in ipairs {
      "# TYPE spec_total counter", "spec_total 3.5", "# TYPE spec_gauge gauge", "spec_gauge -1",
      "# TYPE spec_seconds histogram", 'spec_seconds_bucket{le="0.01"} 0', 'spec_seconds_bucket{le="0.025"} 1',
      'spec_seconds_bucket{le="30"} 1', 'spec_seconds_bucket{le="+Inf"} 2', "spec_seconds_count 2",
      "spec_seconds_sum 100.02",
    } do
      assert.is_true(lines[line] or line)
    end
  end)

  it("sees one series in dimensions of any order", function()
    for _ = 1, 20 do
      metrics.count("spec_dimensions_total", 1, { step = "a", method = "b", outcome = true, n = 5 })
    end
    assert.equal(20, metrics.value("spec_dimensions_total", { n = 5, outcome = true, method = "b", step = "a" }))
    assert.is_true(page()['spec_dimensions_total{method="b",n="5",outcome="true",step="a"} 20'])
  end)

  it("keeps the page readable whatever a dimension's value is", function()
    metrics.gauge("spec_escaped", 1, { v = 'quote " backslash \\ line\n\xff\0 behind' })
    assert.is_true(page()['spec_escaped{v="quote \\" backslash \\\\ line??"} 1'])
  end)

  local REFUSED <const> = {
    { "a name with a dash", function() metrics.count("a-b") end, "letters, digits and _" },
    { "an empty name", function() metrics.count("") end, "letters, digits and _" },
    { "a name that begins with a digit", function() metrics.gauge("1a", 1) end, "letters, digits and _" },
    { "a name that is none", function() metrics.count({}) end, "string expected" },
    { "a negative count", function() metrics.count("a", -1) end, "only grows" },
    { "not a number of times", function() metrics.count("a", 0 / 0) end, "only grows" },
    { "a time without end", function() metrics.observe("a", math.huge) end, "not a duration" },
    { "a gauge without a value", function() metrics.gauge("a") end, "number expected" },
    { "dimensions in a list", function() metrics.count("a", 1, { "b" }) end, "named dimensions" },
    { "a dimension's bad name", function() metrics.count("a", 1, { ['b"'] = 1 }) end, "dimension's name" },
    { "nine dimensions", function()
      metrics.count("a", 1, { a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1 })
    end, "at most 8" },
    { "dimensions that are none", function() metrics.count("a", 1, "b") end, "table expected" },
  }
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function() assert.error_matches(case[2], case[3]) end)
  end

  it("holds on to a dimension that its value's __tostring takes out of the table", function()
    local dimensions, name = {}, ("long"):rep(20)
    for i = 1, 8 do
      dimensions[name .. i] = setmetatable({}, { __tostring = function()
        dimensions[name .. i] = nil
        collectgarbage()
        for _ = 1, 100 do local _ = ("other"):rep(17) .. i end
        return "v" .. i
      end })
    end
    metrics.count("spec_vanishing_total", 1, dimensions)
    for i = 1, 8 do assert.matches(('%s%d="v%d"'):format(name, i, i), metrics.render(), 1, true) end
  end)

  it("takes eight dimensions", function()
    metrics.count("spec_eight", 1, { a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1 })
    assert.is_true(page()['spec_eight{a="1",b="1",c="1",d="1",e="1",f="1",g="1",h="1"} 1'])
  end)
end)
