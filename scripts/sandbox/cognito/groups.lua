-- SPDX-License-Identifier: MIT
-- Groups of a pool's users: made, shown, joined and left; and what a token says of them.
local json = require "json"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local groups = { operations = {} }
local operations = groups.operations

local PAGE <const> = 60

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_groups (
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    modified_at REAL NOT NULL,
    PRIMARY KEY (pool, name)
  );
  CREATE TABLE IF NOT EXISTS cognito_members (
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    user INTEGER NOT NULL,
    PRIMARY KEY (pool, name, user)
  );
  CREATE INDEX IF NOT EXISTS cognito_members_by_user ON cognito_members (user);
]]

local function described(row)
  local given = json.decode(row.settings)
  return { GroupName = row.name, UserPoolId = row.pool, Description = given.Description, RoleArn = given.RoleArn,
    Precedence = given.Precedence, CreationDate = row.created_at, LastModifiedDate = row.modified_at }
end

local function find(pool, name)
  return db:row("SELECT * FROM cognito_groups WHERE pool = ? AND name = ?", pool.id, name)
end

-- The group and pool that an input names.
local function get(input)
  local pool = pools.get(input.UserPoolId)
  local row = find(pool, input.GroupName) or failure("ResourceNotFoundException", "Group not found.")
  return row, pool
end

local function settings_of(input, before)
  before = before or {}
  return json.encode { Description = input.Description or before.Description,
    RoleArn = input.RoleArn or before.RoleArn, Precedence = input.Precedence or before.Precedence }
end

function operations.CreateGroup(input)
  local pool, now = pools.get(input.UserPoolId), time.stamp()
  if find(pool, input.GroupName) then
    failure("GroupExistsException", "A group with the name already exists.")
  end
  db:run("INSERT INTO cognito_groups (pool, name, settings, created_at, modified_at) VALUES (?, ?, ?, ?, ?)",
    pool.id, input.GroupName, settings_of(input), now, now)
  return { Group = described(get(input)) }
end

function operations.GetGroup(input)
  return { Group = described(get(input)) }
end

function operations.UpdateGroup(input)
  local row = get(input)
  db:run("UPDATE cognito_groups SET settings = ?, modified_at = ? WHERE pool = ? AND name = ?",
    settings_of(input, json.decode(row.settings)), time.stamp(), row.pool, row.name)
  return { Group = described(get(input)) }
end

function operations.DeleteGroup(input)
  local row = get(input)
  db:transaction(function()
    db:run("DELETE FROM cognito_members WHERE pool = ? AND name = ?", row.pool, row.name)
    db:run("DELETE FROM cognito_groups WHERE pool = ? AND name = ?", row.pool, row.name)
  end)
end

local function page(shown, input, sql, ...)
  local limit = (input.Limit or 0) > 0 and input.Limit or PAGE
  return pools.page(shown, sql, limit, input.NextToken, ...)
end

function operations.ListGroups(input)
  local shown, next_token = page(described, input,
    "SELECT rowid, * FROM cognito_groups WHERE pool = ? AND rowid > ? ORDER BY rowid LIMIT ?",
    pools.get(input.UserPoolId).id)
  return { Groups = shown, NextToken = next_token }
end

function operations.AdminListGroupsForUser(input)
  local pool = pools.get(input.UserPoolId)
  local shown, next_token = page(described, input, [[SELECT m.rowid, g.* FROM cognito_members m
    JOIN cognito_groups g ON g.pool = m.pool AND g.name = m.name WHERE m.user = ? AND m.rowid > ?
    ORDER BY m.rowid LIMIT ?]], users.get(pool, input.Username).id)
  return { Groups = shown, NextToken = next_token }
end

function operations.ListUsersInGroup(input)
  local row = get(input)
  local shown, next_token = page(function(member) return users.describe(users.by_id(member.user)) end, input,
    "SELECT rowid, * FROM cognito_members WHERE pool = ? AND name = ? AND rowid > ? ORDER BY rowid LIMIT ?",
    row.pool, row.name)
  return { Users = shown, NextToken = next_token }
end

function operations.AdminAddUserToGroup(input)
  local row, pool = get(input)
  db:run("INSERT OR IGNORE INTO cognito_members (pool, name, user) VALUES (?, ?, ?)", row.pool, row.name,
    users.get(pool, input.Username).id)
end

function operations.AdminRemoveUserFromGroup(input)
  local row, pool = get(input)
  db:run("DELETE FROM cognito_members WHERE pool = ? AND name = ? AND user = ?", row.pool, row.name,
    users.get(pool, input.Username).id)
end

-- The user's groups, the one that goes before others first: names, their roles, and the role that counts | nil
function groups.of(user)
  local sql = [[SELECT g.* FROM cognito_members m JOIN cognito_groups g ON g.pool = m.pool AND g.name = m.name
    WHERE m.user = ?]]
  local list = {}
  for i, row in ipairs(db:rows(sql, user.id)) do list[i] = described(row) end
  table.sort(list, function(a, b)
    local first, second = a.Precedence or math.huge, b.Precedence or math.huge
    if first ~= second then return first < second end
    return a.GroupName < b.GroupName
  end)
  local names, roles = {}, {}
  for i, group in ipairs(list) do
    names[i] = group.GroupName
    roles[#roles + 1] = group.RoleArn
  end
  local preferred = list[1] and list[1].Precedence and list[1].RoleArn or nil
  return names, roles, preferred
end

return groups
