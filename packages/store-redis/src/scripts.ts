/**
 * What runs inside Redis, one script for each call. A job is a string of JSON values (see `record.ts`) of which the scripts read the
 * first lines and never decode the rest: cjson would change large numbers and empty lists.
 *
 * KEYS[1] is always the index of due times, `{prefix}:due`; all other keys are made of it, so that a key prefix of the client is on
 * all of them. KEYS[2] and KEYS[3], where a call knows them, are the job's own: a Cluster that moves the slot then says TRYAGAIN.
 * Where the slot is on its way a script is denied in its midst what is not here (any more, or yet), or told of a single key that there is
 * none: `reach` asks for all that belongs to a job before its first write, and `isGone` for two keys at once, which no node answers then.
 *
 * `tidy` drops entries whose jobs have gone by themselves from the start of an index, so that one which nobody reads does not grow for ever.
 * PUBLISH is called so that it cannot fail: a user who may not publish is told when it subscribes, and leaves no change half written.
 */
const COMMON = `
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

/**
 * insert, replace: ARGV id, text, createdAt, dueAt or '', milliseconds to live or '', 'gone' or '', request body, response body ('': as
 * it is; '-': none), channel or '', most events, events.
 *
 * What makes room is written first: a server that is full denies a script its first write, and none after one that is not denied.
 */
const WRITE = `
${COMMON}
local ttl = ARGV[5]
local function set(name, value)
  if ttl == '' then call('SET', name, value) else call('SET', name, value, 'PX', ttl) end
end
local function live(name)
  if ttl ~= '' then call('PEXPIRE', name, ttl) end
end
local function body(name, value)
  if value == '-' then call('UNLINK', name) elseif value ~= '' then set(name, value) else live(name) end
end
local function write(id, new, old)
  reach(id, new, old or new)
  if ARGV[6] ~= '' then call('UNLINK', key(':b:', id)) end
  set(key(':j:', id), ARGV[2])
  if ARGV[7] == '-' and ARGV[8] == '-' then
    if old then call('UNLINK', key(':q:', id), key(':r:', id)) end
  else
    body(key(':q:', id), ARGV[7])
    body(key(':r:', id), ARGV[8])
  end
  local name = old and old.name
  if name and name ~= new.name and call('GET', name) == id then call('DEL', name) end
  if new.name and name ~= new.name then set(new.name, id) elseif new.name then live(new.name) end
  local leaf = ARGV[6] == '' and new.leaf or nil
  if old and old.leaf ~= leaf then delist(old, id) end
  if leaf then enlist(new, ARGV[3], id) end
  if leaf and not (old and old.leaf == leaf) then call('SADD', key(':ops', ''), new.operation) end
  if ARGV[4] ~= '' then call('ZADD', due, ARGV[4], id) elseif old then call('ZREM', due, id) end
  remember(id, ARGV[10], 12)
  if ARGV[10] ~= '0' then live(key(':e:', id)) end
  if ARGV[6] == '' then live(key(':b:', id)) end
  if ARGV[9] ~= '' then redis.pcall('PUBLISH', ARGV[9], new.version) end
  if ARGV[11] ~= '' then
    tidy(due)
    if leaf then
      tidy(leaf)
      tidy(new.all)
    end
  end
end
`

/** Answers 1, also where the client sends it again, or the job that has the id or the key. */
export const INSERT = `
${WRITE}
local id = ARGV[1]
local there = call('GET', key(':j:', id))
if there then return there == ARGV[2] and 1 or shown(id, there) end
local new = split(ARGV[2], id)
local holder = new.name and call('GET', new.name)
if holder then
  there = call('GET', key(':j:', holder))
  if there then return shown(holder, there) end
end
write(id, new, nil)
if ARGV[5] == '' then call('PERSIST', key(':b:', id)) end
return 1
`

/** Answers 1, the job as it is when its version is another than the one before, or nothing where there is no job. */
export const REPLACE = `
${WRITE}
local id = ARGV[1]
local there = call('GET', key(':j:', id))
if not there then return false end
local old, new = split(there, id), split(ARGV[2], id)
if tonumber(old.version) ~= tonumber(new.version) - 1 then return there end
write(id, new, old)
return 1
`

/** ARGV id, version, next version, status or '', changes, dueAt ('': as it is; '-': none), createdAt or '', channel or '', most events, events. */
export const CLAIM = `
${COMMON}
local id = ARGV[1]
local there = call('GET', KEYS[2])
if not there then return false end
local function answer(claimed, text)
  local bodies = call('MGET', key(':q:', id), key(':r:', id))
  return { claimed, text, bodies[1], bodies[2] }
end
local old = split(there, id)
if old.version ~= ARGV[2] then
  local again = old.version == ARGV[3] and string.sub(there, -#ARGV[5]) == ARGV[5]
  return answer(again and 1 or 0, there)
end
local text = 'J' .. ARGV[3] .. ',\\n' .. (ARGV[4] == '' and old.rest or string.gsub(old.rest, '^"%a+"', '"' .. ARGV[4] .. '"')) .. ',\\n' .. ARGV[5]
local new = split(text, id)
reach(id, new, old)
call('SET', KEYS[2], text, 'KEEPTTL')
if old.leaf ~= new.leaf then
  local createdAt = call('ZSCORE', old.leaf, id)
  if createdAt then
    delist(old, id)
    enlist(new, createdAt, id)
    call('SADD', key(':ops', ''), new.operation)
  end
end
if ARGV[6] == '-' then call('ZREM', due, id) elseif ARGV[6] ~= '' then call('ZADD', due, ARGV[6], id) end
remember(id, ARGV[8], 9)
if ARGV[7] ~= '' then redis.pcall('PUBLISH', ARGV[7], ARGV[3]) end
return answer(1, text)
`

/** KEYS[2] an idempotency key. Answers the job that has it, or nothing. */
export const HOLDER = `
${COMMON}
local id = call('GET', KEYS[2])
local there = id and call('GET', key(':j:', id))
return there and shown(id, there)
`

/** ARGV id, version or '', channel or ''. */
export const REMOVE = `
${COMMON}
local id = ARGV[1]
local there = call('GET', KEYS[2])
if not there then return 0 end
local old = split(there, id)
if ARGV[2] ~= '' and old.version ~= ARGV[2] then return 0 end
call('UNLINK', KEYS[2], key(':q:', id), key(':r:', id), key(':e:', id), key(':b:', id))
if old.name and call('GET', old.name) == id then call('DEL', old.name) end
delist(old, id)
call('ZREM', due, id)
if ARGV[3] ~= '' then redis.pcall('PUBLISH', ARGV[3], old.version + 1) end
return 1
`

/**
 * ARGV latest time, limit. Answers the jobs, and 'more' alone where so many had gone that it is to be called again: nobody else is
 * served meanwhile. A key of another kind is passed over, so that it does not hold up the others.
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
 * A leaf is the index of one owner's jobs of one status and one operation; there is another of everybody's, whose owner is `*`: no
 * JSON. What is asked for is merged from the tops of all leaves that match: as many reads as there are such leaves, however many jobs
 * are in them.
 *
 * ARGV owner or `*`, statuses with commas, operation or '', limit, and of the job after which to go on: createdAt or '', id. Answers where
 * the next page goes on (or '') and the jobs.
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

/** KEYS[2] the lines. ARGV after, limit. Answers the oldest version kept and the lines; nothing where there are none. */
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

/** KEYS[2] the chunks, KEYS[3] their job. ARGV field, chunk, milliseconds that chunks live whose job never comes; those of a job that will expire go with it. */
export const WRITE_BLOB = `
${COMMON}
local life = call('PTTL', KEYS[3])
call('HSET', KEYS[2], ARGV[1], ARGV[2])
if life ~= -1 then call('PEXPIRE', KEYS[2], life < 0 and ARGV[3] or life) end
`

/** KEYS[2] the chunks. ARGV field. */
export const READ_BLOB = `return redis.call('HGET', KEYS[2], ARGV[1])`

/** KEYS[2] the chunks. ARGV start of the fields to keep or ''. */
export const REMOVE_BLOBS = `
${COMMON}
local chunks, keep = KEYS[2], ARGV[1]
if keep == '' then return call('UNLINK', chunks) end
for _, field in ipairs(call('HKEYS', chunks)) do
  if string.sub(field, 1, #keep) ~= keep then call('HDEL', chunks, field) end
end
`

/** What the server does when it is full. */
export const MEMORY = `return redis.call('INFO', 'memory')`
