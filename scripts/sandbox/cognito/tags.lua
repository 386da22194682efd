-- SPDX-License-Identifier: MIT
-- Tags of user pools that exist. CreateUserPool and UpdateUserPool take them too.
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"

local tags = {}

-- The pool and its tags.
local function tagged(arn)
  local id = arn:match("^arn:[^:]+:cognito%-idp:[^:]*:%d+:userpool/(.+)$")
  if not id then failure("InvalidParameterException", "Invalid resource ARN: " .. arn) end
  local pool = pools.get(id)
  return pool, pool.settings.UserPoolTags or {}
end

local function save(pool, kept)
  pool.settings.UserPoolTags = next(kept) and kept or nil
  pools.save(pool)
  return {}
end

function tags.TagResource(input)
  local pool, kept = tagged(input.ResourceArn)
  for name, value in pairs(input.Tags) do kept[name] = value end
  return save(pool, kept)
end

function tags.UntagResource(input)
  local pool, kept = tagged(input.ResourceArn)
  for _, name in ipairs(input.TagKeys) do kept[name] = nil end
  return save(pool, kept)
end

function tags.ListTagsForResource(input)
  local _, kept = tagged(input.ResourceArn)
  return { Tags = kept }
end

return tags
