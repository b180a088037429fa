/**
 * What runs inside Redis, one script for each call. A job is a string of JSON values (see `record.ts`) of which the scripts read the
 * first lines and never decode the rest: cjson would change large numbers and empty lists.
 *
 * KEYS[1] is always the index of due times, `{prefix}:due`; all other keys are made of it, so that a key prefix of the client is on
 * all of them. KEYS[2] and KEYS[3], where a call knows them, are the job's own: a Cluster that moves the slot then says TRYAGAIN.
 *
 * While a Cluster moves the slot, each of two nodes has some of its keys. A command for a key that is not here fails in the middle of a
 * script, and a single key that is not here may look as if it did not exist. So `reach` asks for all that belongs to a job before the
 * first write, and `isGone` asks for two keys at once, which a node that has not both refuses to answer.
 *
 * `tidy` drops entries whose jobs have expired by themselves from the start of an index: one that nobody reads would grow for ever.
 * PUBLISH is called with `pcall`: where the user may not publish, that must not leave a change half written.
 */
export const COMMON = `
local due = KEYS[1]
local base = string.sub(due, 1, -5)
local call = redis.call

local function key(kind, id) return base .. kind .. id end
local function split(text, id)
  local version, status, owner, operation, name = string.match(text, '^J(%d+),\\n"(%a+)",\\n([^\\n]+),\\n([^\\n]+),\\n([^\\n]+),\\n')
  if not version then error('RUBBISH ' .. key(':j:', id), 0) end
  return {
    version = version,
    leaf = key(':l:', status .. ',' .. owner .. ',' .. operation),
    all = key(':l:', status .. ',*,' .. operation),
    operation = operation,
    name = name ~= 'null' and key(':k:', owner .. ',' .. name) or nil,
    rest = string.sub(text, #version + 4)
  }
end
local function shown(id, text) return 'I' .. id .. ',\\n' .. string.sub(text, 2) end
local function enlist(job, createdAt, id)
  call('ZADD', job.leaf, createdAt, id)
  call('ZADD', job.all, createdAt, id)
end
local function delist(job, id)
  call('ZREM', job.leaf, id)
  call('ZREM', job.all, id)
end
local function reach(id, new, old)
  call('EXISTS', due, key(':q:', id), key(':r:', id), key(':b:', id), key(':e:', id), key(':ops', ''),
    new.leaf, new.all, old.leaf, old.all, new.name or due, old.name or due)
end
local function isGone(index, id) return call('EXISTS', index, key(':j:', id)) == 1 end
local function tidy(index)
  local ids, keys = call('ZRANGE', index, 0, 31), { index }
  for n, id in ipairs(ids) do keys[n + 1] = key(':j:', id) end
  local there = redis.pcall('EXISTS', unpack(keys))
  if type(there) == 'table' or there > #ids then return end
  for _, id in ipairs(ids) do
    if isGone(index, id) then call('ZREM', index, id) end
  end
end
local function remember(id, max, from)
  if #ARGV < from then return end
  local lines = key(':e:', id)
  for n = from, #ARGV do call('RPUSH', lines, ARGV[n]) end
  call('LTRIM', lines, -max, -1)
end
`
