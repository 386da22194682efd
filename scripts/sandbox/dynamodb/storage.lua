-- SPDX-License-Identifier: MIT
-- Items and index entries in the database. An item is its JSON text under (table, bucket, partition, sort);
-- an index entry is its own key and that of its item. Callers hold tables of tables.lua and keys of
-- keys.lua.
local json = require "json"
local sqlite = require "sqlite"
local store = require "sandbox.store"
local keys = require "sandbox.dynamodb.keys"
local values = require "sandbox.dynamodb.values"

local storage = {}

local blob = sqlite.blob

store:exec [[
CREATE TABLE IF NOT EXISTS dynamodb_items (
  tab INTEGER, bucket INTEGER, partition BLOB, sort BLOB, bytes INTEGER, item TEXT,
  PRIMARY KEY (tab, bucket, partition, sort)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dynamodb_entries (
  idx INTEGER, bucket INTEGER, partition BLOB, sort BLOB, tie INTEGER,
  item_bucket INTEGER, item_partition BLOB, item_sort BLOB,
  PRIMARY KEY (idx, bucket, partition, sort, tie, item_partition, item_sort)) WITHOUT ROWID;
]]

local decode_options = { depth = 80, nul = true } -- 32 levels of values are twice as many of JSON

function storage.decode(text)
  return assert(json.decode(text, decode_options))
end

-- The place of an item: what all functions here take.
function storage.place(item, schema)
  local bucket, partition, sort = keys.of(item, schema)
  return { bucket = bucket, partition = partition, sort = sort }
end

function storage.get(tab, place)
  local row = store:row("SELECT item FROM dynamodb_items WHERE tab = ? AND bucket = ? AND partition = ? "
    .. "AND sort = ?",
    tab.id, place.bucket, blob(place.partition), blob(place.sort))
  return row and storage.decode(row.item)
end

-- --- index entries ---

-- What an index keeps of an item.
function storage.kept(index, item)
  if not index.keeps then return item end
  local kept = {}
  for name in pairs(index.keeps) do kept[name] = item[name] end
  return kept
end

-- Is the item in the index?
local function covers(index, item)
  return item and index.covers(item)
end
storage.covers = covers

-- Two items of one index key follow each other by the hash of their table key.
local function tie(place)
  return keys.bucket(place.partition .. place.sort)
end
storage.tie = tie

local function add_entry(index, item, place)
  local entry = storage.place(item, index.schema)
  store:run("INSERT OR REPLACE INTO dynamodb_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", index.id, entry.bucket,
    blob(entry.partition), blob(entry.sort), tie(place), place.bucket, blob(place.partition),
      blob(place.sort))
end

local function remove_entry(index, item, place)
  local entry = storage.place(item, index.schema)
  store:run([[DELETE FROM dynamodb_entries WHERE idx = ? AND bucket = ? AND partition = ? AND sort = ?
    AND tie = ? AND item_partition = ? AND item_sort = ?]], index.id, entry.bucket, blob(entry.partition),
    blob(entry.sort), tie(place), blob(place.partition), blob(place.sort))
end

local function same_key(index, a, b)
  local hash, range = index.schema.hash, index.schema.range
  if next(a[hash]) ~= next(b[hash]) then return false end
  if keys.encode(a[hash]) ~= keys.encode(b[hash]) then return false end
  return not range or keys.encode(a[range]) == keys.encode(b[range])
end

local function move_entry(index, place, old, new)
  local had, has = covers(index, old), covers(index, new)
  if had and has and same_key(index, old, new) then return end
  if had then remove_entry(index, old, place) end
  if has then add_entry(index, new, place) end
end

-- --- writing: old is the item that was there, nil when there was none ---

local function write(tab, place, old, new)
  if new then
    store:run("INSERT OR REPLACE INTO dynamodb_items VALUES (?, ?, ?, ?, ?, ?)", tab.id, place.bucket,
      blob(place.partition), blob(place.sort), values.item_size(new), json.encode(new))
  else
    store:run("DELETE FROM dynamodb_items WHERE tab = ? AND bucket = ? AND partition = ? AND sort = ?",
      tab.id, place.bucket, blob(place.partition), blob(place.sort))
  end
  for _, index in ipairs(tab.indexes) do move_entry(index, place, old, new) end
end

function storage.write(tab, place, old, new)
  if #tab.indexes == 0 then return write(tab, place, old, new) end
  store:transaction(function() write(tab, place, old, new) end)
end

-- --- whole tables and indexes ---

function storage.fill_index(tab, index)
  local schema = tab.schema
  for row in store:each("SELECT item FROM dynamodb_items WHERE tab = ?", tab.id) do
    local item = storage.decode(row.item)
    if covers(index, item) then add_entry(index, item, storage.place(item, schema)) end
  end
end

function storage.drop_index(index)
  store:run("DELETE FROM dynamodb_entries WHERE idx = ?", index.id)
end

function storage.drop(tab)
  for _, index in ipairs(tab.indexes) do storage.drop_index(index) end
  store:run("DELETE FROM dynamodb_items WHERE tab = ?", tab.id)
end

-- How many items a table or an index has, and how large they are.
function storage.measure(tab)
  local row = store:row("SELECT count(*) AS count, total(bytes) AS bytes FROM dynamodb_items WHERE tab = ?", tab.id)
  return row.count, math.tointeger(row.bytes)
end

local ENTRIES = [[FROM dynamodb_entries e CROSS JOIN dynamodb_items i
  ON i.tab = ? AND i.bucket = e.item_bucket AND i.partition = e.item_partition AND i.sort = e.item_sort
  WHERE e.idx = ?]]

function storage.measure_index(tab, index)
  if not index.keeps then
    local row = store:row("SELECT count(*) AS count, total(i.bytes) AS bytes " .. ENTRIES, tab.id, index.id)
    return row.count, math.tointeger(row.bytes)
  end
  local count, bytes = 0, 0
  for row in store:each("SELECT i.item " .. ENTRIES, tab.id, index.id) do
    count, bytes = count + 1, bytes + values.item_size(storage.kept(index, storage.decode(row.item)))
  end
  return count, bytes
end

-- --- walking in key order, for queries and scans ---

local COMPARISONS = { ["="] = "=", ["<"] = "<", ["<="] = "<=", [">"] = ">", [">="] = ">=" }

-- range: {partition = {bucket, bytes} or nil, low/high buckets, sort = list of {comparator, bytes}, after =
-- place, descending}. Each row holds the item's JSON text.
local function conditions(range, where, binds)
  local function add(sql, ...)
    where[#where + 1] = sql
    for i = 1, select("#", ...) do binds[#binds + 1] = (select(i, ...)) end
  end
  if range.partition then
    add("k.bucket = ? AND k.partition = ?", range.partition.bucket, blob(range.partition.bytes))
  end
  if range.low then add("k.bucket BETWEEN ? AND ?", range.low, range.high) end
  for _, bound in ipairs(range.sort or {}) do
    add(("k.sort %s ?"):format(COMPARISONS[bound[1]]), blob(bound[2]))
  end
  return add
end

local function collect(columns, range)
  local list = {}
  for i, column in ipairs(columns) do list[i] = column .. (range.descending and " DESC" or "") end
  return table.concat(list, ", ")
end

local TABLE_ROWS = "SELECT k.item FROM dynamodb_items k WHERE %s ORDER BY %s"
local INDEX_ROWS = [[SELECT i.item FROM dynamodb_entries k CROSS JOIN dynamodb_items i
  ON i.tab = ? AND i.bucket = k.item_bucket AND i.partition = k.item_partition AND i.sort = k.item_sort
  WHERE %s ORDER BY %s]]

function storage.walk(tab, range)
  local where, binds = { "k.tab = ?" }, { tab.id }
  local add, after = conditions(range, where, binds), range.after
  local beyond = range.descending and "<" or ">"
  if after and range.partition then
    add(("k.sort %s ?"):format(beyond), blob(after.sort))
  elseif after then
    add(("(k.bucket, k.partition, k.sort) %s (?, ?, ?)"):format(beyond), after.bucket, blob(after.partition),
      blob(after.sort))
  end
  local order = collect({ "k.bucket", "k.partition", "k.sort" }, range)
  return store:each(TABLE_ROWS:format(table.concat(where, " AND "), order), table.unpack(binds))
end

-- after: {entry = place in the index, item = place of the item}
function storage.walk_index(tab, index, range)
  local where, binds = { "k.idx = ?" }, { tab.id, index.id }
  local add, after = conditions(range, where, binds), range.after
  if after then
    local entry, item = after.entry, after.item
    add(("(k.bucket, k.partition, k.sort, k.tie, k.item_partition, k.item_sort) %s (?, ?, ?, ?, ?, ?)")
      :format(range.descending and "<" or ">"), entry.bucket, blob(entry.partition), blob(entry.sort),
      tie(item), blob(item.partition), blob(item.sort))
  end
  local columns = { "k.bucket", "k.partition", "k.sort", "k.tie", "k.item_partition", "k.item_sort" }
  local sql = INDEX_ROWS:format(table.concat(where, " AND "), collect(columns, range))
  return store:each(sql, table.unpack(binds))
end

return storage
