-- SPDX-License-Identifier: MIT
-- aws.lua: where a service is. The first place that says so wins; each row leaves out one more.

local keep_modules = require "tests.bindings.keep_modules"

local restore, env

local function begin(settings)
  package.loaded.config = settings
  package.loaded.aws_env = {
    region = function() return env.region end,
    endpoint_url = function(id) return env[id] or env.all end,
  }
  package.loaded.aws = nil
  return require "aws"
end

describe("aws", function()
  before_each(function() restore = keep_modules { "aws_env", "config", "aws" } end)
  after_each(function() restore() end)

  describe("finds the endpoint in the", function()
    -- name, settings, environment, endpoint of cognito-idp
    local cases = {
      { "service's setting",
        { cognito = { url = "http://127.0.0.1:1/" }, aws = { endpoint_url = "http://b" } },
        { COGNITO_IDENTITY_PROVIDER = "http://c" }, "http://127.0.0.1:1" },
      { "environment, for this service", { cognito = {}, aws = { endpoint_url = "http://b" } },
        { COGNITO_IDENTITY_PROVIDER = "http://c", all = "http://d" }, "http://c" },
      { "environment, for all", { cognito = {}, aws = { endpoint_url = "http://b" } },
        { DYNAMODB = "http://c", all = "http://d" }, "http://d" },
      { "setting for all", { cognito = {}, aws = { endpoint_url = "http://b/prefix/" } }, {},
        "http://b/prefix" },
      { "region of the settings", { cognito = {}, aws = { region = "eu-west-1" } }, { region = "us-east-1" },
        "https://cognito-idp.eu-west-1.amazonaws.com" },
      { "region of the environment", { cognito = {} }, { region = "us-east-1" },
        "https://cognito-idp.us-east-1.amazonaws.com" },
      { "Chinese partition", { cognito = {} }, { region = "cn-north-1" },
        "https://cognito-idp.cn-north-1.amazonaws.com.cn" },
      { "region, where settings are empty",
        { cognito = { url = "" }, aws = { endpoint_url = "", region = "" } }, { region = "us-east-1" },
        "https://cognito-idp.us-east-1.amazonaws.com" },
      { "end nowhere", { cognito = {} }, {}, nil },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        env = case[3]
        assert.are.equal(case[4], begin(case[2]).endpoint "cognito-idp")
      end)
    end
  end)

  it("asks the environment under the service's own name", function()
    env = { region = "us-east-1", DYNAMODB = "http://d", CLOUDWATCH = "http://c", LAMBDA = "http://l",
      STATES = "http://s" }
    local aws = begin {}
    assert.are.same({ "http://d", "http://c", "http://l", "http://s" },
      { aws.endpoint "dynamodb", aws.endpoint "monitoring", aws.endpoint "lambda", aws.endpoint "states" })
  end)
end)
