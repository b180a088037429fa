import { COMMON } from './script-parts'

/** KEYS[2] an idempotency key. Returns the job that has it, or nothing. */
export const HOLDER = `
${COMMON}
local id = call('GET', KEYS[2])
local there = id and call('GET', key(':j:', id))
return there and shown(id, there)
`

/**
 * ARGV latest time, limit. Returns the jobs; or only 'more' after many stale entries, so that other clients are served before it is called
 * again. A key of another kind is skipped, so that it does not hold up the others.
 */
export const DUE = `
${COMMON}
local jobs, passed, gone, limit = {}, 0, 0, tonumber(ARGV[2])
repeat
  local ids = call('ZRANGEBYSCORE', due, '-inf', ARGV[1], 'LIMIT', passed, limit)
  for _, id in ipairs(ids) do
    if #jobs == limit then break end
    local there = redis.pcall('GET', key(':j:', id))
    if type(there) == 'string' then jobs[#jobs + 1] = shown(id, there) end
    if there or not isGone(due, id) then
      passed = passed + 1
    else
      call('ZREM', due, id)
      gone = gone + 1
    end
  end
  if gone > 1000 then return { 'more' } end
until #ids < limit or #jobs == limit
return jobs
`

/**
 * A leaf is the index of one owner's jobs of one status and operation. There is also one for the jobs of all owners, with the owner `*`,
 * which is not JSON. A page is merged from the newest jobs of all leaves that match: the cost depends on the number of leaves, not of
 * jobs.
 *
 * ARGV owner or `*`, statuses separated by commas, operation or '', limit, and of the job to continue after: createdAt or '', id. Returns
 * the position of the next page (or '') and the jobs.
 */
export const LIST = `
${COMMON}
local owner, operation, limit, at, after = ARGV[1], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local operations = operation ~= '' and { operation } or call('SMEMBERS', key(':ops', ''))

-- As the index compares: byte by byte, where the operators of Lua follow the server's locale.
local function less(a, b)
  for n = 1, math.min(#a, #b) do
    local x, y = string.byte(a, n), string.byte(b, n)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local function newer(a, b)
  if a.at ~= b.at then return a.at > b.at end
  return less(b.id, a.id)
end
-- How many of a leaf come before the page: all that are newer, and of those made at the same time the ones with higher ids.
local function position(leaf)
  if at == '' then return 0 end
  local low = call('ZCOUNT', leaf, '(' .. at, '+inf')
  local high = low + call('ZCOUNT', leaf, at, at)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if less(call('ZREVRANGE', leaf, middle, middle)[1], after) then high = middle else low = middle + 1 end
  end
  return low
end
local function tops()
  local found = {}
  for status in string.gmatch(ARGV[2], '%a+') do
    for _, operation in ipairs(operations) do
      local leaf = key(':l:', status .. ',' .. owner .. ',' .. operation)
      if call('EXISTS', leaf) == 1 then
        local from = position(leaf)
        local part = call('ZREVRANGE', leaf, from, from + limit, 'WITHSCORES')
        for n = 1, #part, 2 do found[#found + 1] = { id = part[n], score = part[n + 1], at = tonumber(part[n + 1]), leaf = leaf } end
      end
    end
  end
  table.sort(found, newer)
  return found
end

local found, jobs, gone
local rounds = 0
repeat
  found, jobs, gone = tops(), {}, false
  for n = 1, math.min(limit, #found) do
    local there = call('GET', key(':j:', found[n].id))
    if there then
      jobs[#jobs + 1] = shown(found[n].id, there)
    elseif isGone(found[n].leaf, found[n].id) then
      call('ZREM', found[n].leaf, found[n].id)
      gone = true
    end
  end
  rounds = rounds + 1
until not gone or rounds == 20
return { #found > limit and 'C' .. found[limit].score .. '_' .. found[limit].id or '', unpack(jobs) }
`

/** KEYS[2] the events. ARGV after, limit. Returns the oldest version kept and the events; nothing if there are none. */
export const EVENTS = `
${COMMON}
local answer = {}
for n, line in ipairs(call('LRANGE', KEYS[2], 0, -1)) do
  local version = tonumber(string.match(line, '^E(%d+) '))
  if n == 1 then answer[1] = version end
  if version > tonumber(ARGV[1]) and #answer <= tonumber(ARGV[2]) then answer[#answer + 1] = line end
end
return answer
`

/** KEYS[2] the chunks. ARGV field. */
export const READ_BLOB = `return redis.call('HGET', KEYS[2], ARGV[1])`

/** Returns, among others, the server's `maxmemory_policy`. */
export const MEMORY = `return redis.call('INFO', 'memory')`
