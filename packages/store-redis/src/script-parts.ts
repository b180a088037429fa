/**
 * Common part of the scripts that run inside Redis, one for each call. A job is a string of JSON values (see `record.ts`), of which the
 * scripts read the first lines and never decode the rest: cjson would change large numbers and empty lists.
 *
 * KEYS[1] is always the index of due times, `{prefix}:due`; all other keys are derived from it, so that they have the client's key prefix
 * too. KEYS[2] and KEYS[3] are the job's own keys, if the call knows them: a Cluster that is moving the slot then answers TRYAGAIN.
 *
 * While a Cluster moves the slot, its keys are spread over two nodes. A command for a key on the other node fails in the middle of a
 * script, and a single missing key may look as if it did not exist. So `reach` asks for all keys of a job before the first write, and
 * `isGone` for two keys at once, which a node that does not have both refuses to answer.
 *
 * `tidy` drops entries of jobs that have expired by themselves from the start of an index, which would grow without limit if nobody read
 * it. PUBLISH is called with `pcall`: if the user may not publish, the change must still be written completely.
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
