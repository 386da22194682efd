-- SPDX-License-Identifier: MIT
-- For the specs of expressions: an item with every type, and what may stand for names and values.
local json = require "json"

local expressions = {}

expressions.ITEM = json.decode [[{"a":{"S":"k"},"n":{"N":"1.5"},"l":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"y"}}}]},
  "m":{"M":{"q":{"M":{"w":{"N":"5"}}}}},"ss":{"SS":["a","b","c"]},"ns":{"NS":["1","2"]},"bo":{"BOOL":true},
  "nu":{"NULL":true},"bi":{"B":"AQID"}}]]

local VALUES = json.decode [[{":n":{"N":"1.5"},":one":{"N":"1"},":two":{"N":"2"},":s":{"S":"x"},":a":{"S":"a"},
  ":b":{"B":"AQ=="},":l":{"L":[]},":m":{"M":{}},":ss":{"SS":["b","a"]},":bo":{"BOOL":true},":nu":{"NULL":true},
  ":t":{"S":"SS"},":k":{"S":"k"}}]]

function expressions.scope()
  return { names = { ["#role"] = "role" }, values = VALUES, used_names = {}, used_values = {}, nested = {}, heads = {} }
end

return expressions
