import { COMMON } from './script-parts'

/**
 * insert, replace: ARGV id, text, createdAt, dueAt or '', milliseconds to live or '', 'gone' or '', request body, response body ('':
 * unchanged; '-': none), channel or '', most events, events.
 *
 * Writes that free memory come first: a full server refuses a script only at its first write, if that needs memory.
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

/** Returns 1, also if the client sends the same call again; otherwise the existing job with the id or the key. */
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

/** Returns 1; the stored job if it is not the version before; or nothing if there is none. */
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

/** ARGV id, version, next version, status or '', changes, dueAt ('': unchanged; '-': none), channel or '', most events, events. */
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

/** KEYS[2] the chunks, KEYS[3] their job. ARGV field, chunk, milliseconds to live without a job. The chunks expire with their job. */
export const WRITE_BLOB = `
${COMMON}
local life = call('PTTL', KEYS[3])
call('HSET', KEYS[2], ARGV[1], ARGV[2])
if life ~= -1 then call('PEXPIRE', KEYS[2], life < 0 and ARGV[3] or life) end
`

/** KEYS[2] the chunks. ARGV prefix of the fields to keep or ''. */
export const REMOVE_BLOBS = `
${COMMON}
local chunks, keep = KEYS[2], ARGV[1]
if keep == '' then return call('UNLINK', chunks) end
for _, field in ipairs(call('HKEYS', chunks)) do
  if string.sub(field, 1, #keep) ~= keep then call('HDEL', chunks, field) end
end
`
