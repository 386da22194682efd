-- SPDX-License-Identifier: MIT
-- test_lambda.py runs this with `usher exec`: one lambda.invoke of what standard input says, and what came of it.
local json, lambda = require "json", require "lambda"

local result, err = lambda.invoke(json.decode(io.read "a"))
local code = err and err.code ~= "FunctionError" and err.code or nil
local all = err or result
print(json.encode { code = code, message = code and err.message, status = all.status, payload = all.payload,
  function_error = all.function_error, executed_version = all.executed_version, log = all.log ~= nil })
