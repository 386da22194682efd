-- SPDX-License-Identifier: MIT
-- The tables that exist. In the database a table is its description, as DescribeTable shows it; in hand it
-- is {id, name, description, schema = {hash, range}, types, indexes = {{id, name, schema, global, keeps,
-- covers(item)}}, by_name}. One connection's cache is dropped whenever another one has written.
local failure = require "sandbox.failure"
local json = require "json"
local settings, store = require "sandbox.settings", require "sandbox.store"
local is_key = require "sandbox.dynamodb.validate".is_key

local tables = {}

store:exec [[
CREATE TABLE IF NOT EXISTS dynamodb_tables (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, description TEXT NOT NULL,
    extra TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dynamodb_indexes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, tab INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (tab, name));
]]

local function schema_of(elements)
  return { hash = elements[1].AttributeName, range = elements[2] and elements[2].AttributeName }
end

-- The attributes that an index keeps, as a set; nil when it keeps all.
local function kept_by(index, table_schema)
  local projection = index.Projection
  if projection.ProjectionType == "ALL" then return nil end
  local keeps = {}
  for _, schema in ipairs { table_schema, schema_of(index.KeySchema) } do
    keeps[schema.hash] = true
    if schema.range then keeps[schema.range] = true end
  end
  for _, name in ipairs(projection.NonKeyAttributes or {}) do keeps[name] = true end
  return keeps
end

local function index_from(tab, description, global)
  local row = store:row("SELECT id FROM dynamodb_indexes WHERE tab = ? AND name = ?", tab.id,
    description.IndexName)
  local schema = schema_of(description.KeySchema)
  return {
    id = row.id, name = description.IndexName, schema = schema, global = global, description = description,
    keeps = kept_by(description, tab.schema),
    covers = function(item)
      local hash, range = item[schema.hash], schema.range and item[schema.range]
      return hash and is_key(hash, tab.types[schema.hash], true)
        and (not schema.range or range and is_key(range, tab.types[schema.range], false))
    end,
  }
end

-- An empty list in JSON text comes back as a list, so descriptions survive the way there and back.
local function from_row(row)
  local description = assert(json.decode(row.description))
  local tab = { id = row.id, name = row.name, description = description,
    extra = assert(json.decode(row.extra)),
                schema = schema_of(description.KeySchema), types = {}, indexes = {}, by_name = {} }
  for _, definition in ipairs(description.AttributeDefinitions) do
    tab.types[definition.AttributeName] = definition.AttributeType
  end
  for _, kind in ipairs { "GlobalSecondaryIndexes", "LocalSecondaryIndexes" } do
    for _, each in ipairs(description[kind] or {}) do
      local index = index_from(tab, each, kind == "GlobalSecondaryIndexes")
      tab.indexes[#tab.indexes + 1], tab.by_name[index.name] = index, index
      tab.has_local = tab.has_local or not index.global
    end
  end
  table.sort(tab.indexes, function(a, b) return a.name < b.name end)
  return tab
end

local cache, version = {}, nil

local function lookup(name)
  local now = store:row("PRAGMA data_version").data_version
  if now ~= version then cache, version = {}, now end
  if not cache[name] then
    local row = store:row("SELECT * FROM dynamodb_tables WHERE name = ?", name)
    cache[name] = row and from_row(row)
  end
  return cache[name]
end

function tables.find(name)
  return lookup(name)
end

-- For operations on items.
function tables.get(name)
  return lookup(name) or failure("ResourceNotFoundException", "Requested resource not found")
end

-- For operations on tables.
function tables.get_named(name)
  return lookup(name)
    or failure("ResourceNotFoundException",
      ("Requested resource not found: Table: %s not found"):format(name))
end

function tables.arn(name)
  return ("arn:aws:dynamodb:%s:%s:table/%s"):format(settings.region, settings.account_id, name)
end

function tables.names(after, limit)
  return store:rows("SELECT name FROM dynamodb_tables WHERE name > ? ORDER BY name LIMIT ?", after or "",
    limit)
end

local function add_indexes(id, description)
  for _, kind in ipairs { "GlobalSecondaryIndexes", "LocalSecondaryIndexes" } do
    for _, index in ipairs(description[kind] or {}) do
      store:run("INSERT OR IGNORE INTO dynamodb_indexes (tab, name) VALUES (?, ?)", id, index.IndexName)
    end
  end
end

function tables.add(description, extra)
  store:transaction(function()
    store:run("INSERT INTO dynamodb_tables (name, description, extra) VALUES (?, ?, ?)",
      description.TableName,
      json.encode(description), json.encode(extra))
    local id = store:row("SELECT id FROM dynamodb_tables WHERE name = ?", description.TableName).id
    add_indexes(id, description)
  end)
  cache[description.TableName] = nil
  return lookup(description.TableName)
end

-- Keeps what was changed in tab.description and tab.extra; gives the table anew.
function tables.save(tab)
  store:transaction(function()
    store:run("UPDATE dynamodb_tables SET description = ?, extra = ? WHERE id = ?",
      json.encode(tab.description),
      json.encode(tab.extra), tab.id)
    add_indexes(tab.id, tab.description)
  end)
  cache[tab.name] = nil
  return lookup(tab.name)
end

function tables.forget_index(tab, name)
  store:run("DELETE FROM dynamodb_indexes WHERE tab = ? AND name = ?", tab.id, name)
end

function tables.remove(tab)
  store:run("DELETE FROM dynamodb_indexes WHERE tab = ?", tab.id)
  store:run("DELETE FROM dynamodb_tables WHERE id = ?", tab.id)
  cache[tab.name] = nil
end

return tables
