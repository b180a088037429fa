import { type Body, type Job, type JobEvent, type JobQuery, type JobStore, JobsError } from '@respond-async/core'
import type { OpenStore } from '../src/index'
import { ALL_FAULTS, type AllFault, type Fault as OwnFault } from './faults'

type Fault = OwnFault | AllFault
const MAX_BODY = 100_000
const MAX_RECORD = 300_000
/** Of a handle that has its connections from a pool. */
const CONNECTIONS = 10

interface Storage {
  readonly jobs: Map<string, Job>
  readonly keys: Map<string, string>
  readonly histories: Map<string, JobEvent[]>
  readonly watchers: Set<(job: Job) => void>
  /** What only a fault looks at: every job as it was inserted. */
  readonly firsts: Map<string, Job>
  /** What only faults look at: jobs that were refused for their key, and what an index tells of those that were not, read and written as a whole. */
  readonly refused: Map<string, Job>
  index: ReadonlyMap<string, Pick<Job, 'dueAt'>>
}

/**
 * A store over a few maps, its handles as far apart as two processes: every call yields first. It has one fault, or none. It lists the
 * jobs of all owners where its fault is one of that list, or it has none: other faults would be seen there a second time.
 */
export function openFaulty(fault?: Fault): OpenStore {
  return () => {
    const storage: Storage = {
      jobs: new Map(),
      keys: new Map(),
      histories: new Map(),
      watchers: new Set(),
      firsts: new Map(),
      refused: new Map(),
      index: new Map(),
    }
    const listAll = fault === undefined || fault in ALL_FAULTS
    const open = () => handle(storage, (name) => name === fault, listAll)
    return { a: open(), b: open(), reopen: async () => open() }
  }
}

/** Another turn for whoever waits. */
const tick = () => Promise.resolve()

function handle(storage: Storage, is: (fault: Fault) => boolean, listAll: boolean): JobStore {
  const { jobs, keys, histories, watchers, firsts, refused } = storage
  const cache = new Map<string, unknown>()
  const given = new Set<string | undefined>()
  let closed = 0
  let watching = 0
  const connect = () => {
    if (is('a_connection_for_each_watch') && watching >= CONNECTIONS) throw new Error('no connection is free')
  }

  const placeOf = (id: string) => (is('ids_ignore_case') ? id.toLowerCase() : id)
  const keyOf = ({ owner, idempotencyKey: key }: Job): string | undefined => {
    if (key === undefined) return is('no_key_is_a_key') ? 'none' : undefined
    if (is('key_without_owner')) return key
    if (is('key_joined_to_owner')) return `${owner}:${key}`
    return JSON.stringify([owner === null ? null : inColumn(owner, 'owners', is), inColumn(key, 'keys', is)])
  }
  /** Writes the whole index again, as it was before others did. */
  const enter = async ({ id, dueAt }: Job) => {
    const seen = storage.index
    await tick()
    storage.index = new Map([...seen, [id, { dueAt }]])
  }
  const take = (job: Job) => {
    const key = keyOf(job)
    if (key !== undefined) keys.set(key, job.id)
  }
  const free = (job: Job) => {
    const key = keyOf(job)
    if (key !== undefined && keys.get(key) === job.id) keys.delete(key)
  }
  /** The other job that has the key. */
  const holderOf = (key: string, job: Job): Job | undefined => {
    const id = keys.get(key)
    if (id === undefined || id === job.id) return undefined
    const holder = jobs.get(placeOf(id))
    if (!holder) throw new Error(`The key ${key} is held by job ${id}, which is not there`)
    return holder
  }
  const fits = (job: Job) => {
    for (const body of [job.requestBody, job.responseBody])
      if (body && !is('cuts_at_the_limit') && sizeOf(body, is) > MAX_BODY - (is('limit_is_one_less') ? 1 : 0)) throw tooLarge(is)
    const { requestBody: _request, responseBody: _response, ...head } = job
    const size = JSON.stringify(head).length
    if (!is('takes_any_record') && size > MAX_RECORD) throw tooLarge(is)
    if (is('a_packet_for_record_and_body') && size + (job.requestBody?.length ?? 0) > MAX_RECORD) throw new RangeError('packet too large')
  }
  const note = (id: string, events: readonly JobEvent[] = []) => {
    const place = is('one_history_for_all') ? 'all' : id
    const lines = is('keeps_passed_events') ? events : events.map((event) => recorded(event, is))
    const all = [...(histories.get(place) ?? []), ...(is('one_event_a_commit') ? lines.slice(0, 1) : lines)]
    if (lines.length > 0) histories.set(place, is('drops_events_silently') ? all.slice(-50) : all)
  }
  const put = (job: Job, events?: readonly JobEvent[]) => {
    cache.clear()
    jobs.set(placeOf(job.id), job)
    note(job.id, events)
    for (const hear of [...watchers]) hear(job)
  }
  const cached = async <T>(name: Fault, key: unknown, read: () => T): Promise<T> => {
    await tick()
    const place = JSON.stringify([name, key])
    if (!is(name) || !cache.has(place)) cache.set(place, read())
    return cache.get(place) as T
  }
  const shown = (job: Job, view?: string): Job => {
    if (is('hands_out_its_records')) return job
    const copy = structuredClone(job)
    if (is('head_says_null') && view === 'head') return { ...copy, requestBody: null, responseBody: null }
    if (view === 'head') return { ...copy, requestBody: undefined, responseBody: undefined }
    return is('hands_out_its_bytes') ? { ...copy, requestBody: job.requestBody } : copy
  }

  const store: JobStore = {
    capabilities: {
      ...{ durable: true, shared: true, maxBodyBytes: MAX_BODY, maxRecordBytes: is('limit_is_no_number') ? Number.NaN : MAX_RECORD },
      ...{
        due: !is('hides_due'),
        list: !is('hides_list') && !is('lists_all_without_list'),
        listAll,
        events: !is('hides_events'),
        watch: !is('hides_watch'),
      },
    },
    async insert(job, events) {
      await tick()
      if (is('refuses_events') && events) throw new TypeError('This store keeps no events')
      if (is('takes_the_key_first') && !keys.has(keyOf(job) ?? '')) take(job)
      fits(job)
      let there = jobs.get(placeOf(job.id))
      if (is('id_check_races')) await tick()
      const key = keyOf(job)
      if (!there && key !== undefined) there = holderOf(key, job)
      if (is('key_check_races')) await tick()
      there ??= is('id_check_races') ? undefined : jobs.get(placeOf(job.id))
      if (there?.id === job.id && is('insert_overwrites')) there = undefined
      if (there) {
        if (is('events_of_lost_writes')) note(there.id, events)
        if (there.id !== job.id) refused.set(job.id, received(job, is))
        const answer = is('insert_returns_the_first') ? (firsts.get(there.id) ?? there) : there
        return { inserted: false, job: is('insert_returns_the_given') ? job : shown(answer, 'head') }
      }
      const own = { ...received(job, is), ...(is('refused_inserts_leave_bodies') && bodiesOf(refused.get(job.id))) }
      firsts.set(job.id, own)
      take(own)
      put(own, events)
      if (is('index_of_inserts_races')) await enter(own)
      else storage.index = new Map([...storage.index, [own.id, own]])
      return { inserted: true, job: shown(own, 'head') }
    },
    async get(id, view) {
      connect()
      const found = await cached('caches_jobs', [id, view], () => {
        const job = jobs.get(placeOf(id))
        return job ? shown(job, view) : null
      })
      return found ?? (is('unknown_is_undefined') ? (undefined as never) : null)
    },
    async replace(next, events) {
      await tick()
      connect()
      fits(next)
      const before = jobs.get(placeOf(next.id))
      if (is('compare_then_act')) await tick()
      if (is('lost_replace_frees_key') && before) free(before)
      const follows = before !== undefined && before.version === next.version - 1
      const passes = is('no_compare') || (is('takes_any_newer') && next.version > (before?.version ?? 0))
      if (before ? !follows && !passes : !is('upserts')) {
        if (is('events_of_lost_writes')) note(next.id, events)
        if (is('loser_writes_bodies') && before && next.responseBody) jobs.set(next.id, { ...before, responseBody: next.responseBody })
        return { replaced: false, current: before && !is('loser_is_told_nothing') ? shown(before, 'head') : null }
      }
      const body = (name: 'requestBody' | 'responseBody'): Body | null | undefined => {
        const brought = next[name]
        if (brought === undefined) return is('undefined_erases') ? null : before?.[name]
        if (brought === null) return is('null_keeps_bodies') ? before?.[name] : null
        return is('bodies_are_written_once') ? before?.[name] : brought
      }
      const whole = { ...next, requestBody: body('requestBody'), responseBody: body('responseBody') }
      const version = is('versions_stand_still') && before ? before.version : next.version
      const own = received({ ...(is('merges') ? { ...before, ...withoutUndefined(whole) } : whole), version }, is)
      if (before && !is('key_stays_taken') && keyOf(before) !== keyOf(next)) free(before)
      if (is('replace_forgets_key')) free(own)
      else take(own)
      put(own, events)
      if (is('index_of_replaces_races')) await enter(own)
      return { replaced: true }
    },
    async remove(id, version) {
      await tick()
      const there = jobs.get(placeOf(id))
      if (is('remove_checks_then_acts')) await tick()
      if (!there) return is('remove_always_says_yes')
      if (version !== undefined && there.version !== version && !is('remove_ignores_version')) return false
      cache.clear()
      jobs.delete(placeOf(id))
      if (!is('remove_keeps_key')) free(there)
      if (!is('history_outlives_job')) histories.delete(id)
      return true
    },
    due: (before, limit) =>
      cached('caches_due', [before, limit], () => {
        const timeOf = (job: Job) =>
          (is('due_as_inserted') ? (firsts.get(job.id) ?? job) : (is('index_of_replaces_races') && storage.index.get(job.id)) || job).dueAt
        const come = (time: number | null) => time !== null && (is('due_before') ? time < before : time <= before)
        const all = [...jobs.values(), ...(is('refused_inserts_are_due') ? refused.values() : [])]
        let found = all.filter((job) => come(timeOf(job)) && !(is('due_leaves_out_tombstones') && job.goneAt !== undefined))
        if (!is('due_in_any_order')) found.sort((x, y) => (timeOf(x) ?? 0) - (timeOf(y) ?? 0))
        if (is('due_drops_ties')) found = found.filter((job, at) => timeOf(job) !== timeOf(found[at - 1] ?? ({ dueAt: null } as Job)))
        return found.slice(0, limit).map((job) => shown(job, 'head'))
      }),
    list: (query) =>
      cached(query.owner === undefined ? 'caches_all' : 'caches_lists', query, () => {
        const inserted = is(query.owner === undefined ? 'all_lists_what_was_inserted' : 'lists_removed')
        const all = [...(inserted ? firsts : jobs).values(), ...(is('refused_inserts_are_listed') ? refused.values() : [])]
        const indexed = is('index_of_inserts_races') ? all.filter(({ id }) => storage.index.has(id)) : all
        const isForeign = is('cursors_of_one_handle') && query.cursor !== undefined && !given.has(query.cursor)
        const answer = page(indexed, isForeign ? { ...query, cursor: 'of another handle' } : query, is, shown)
        given.add(answer.cursor)
        return answer
      }),
    async events(id, after, limit) {
      await tick()
      const all = histories.get(is('one_history_for_all') ? 'all' : id) ?? []
      const later = is('events_from_the_start') ? all : all.filter(({ version }) => version > after)
      return { events: is('keeps_passed_events') ? later.slice(0, limit) : structuredClone(later.slice(0, limit)), truncated: false }
    },
    async *watch(id, signal) {
      const told: number[] = []
      let wake = () => {}
      const hear = (job: Job) => {
        if (job.id !== id && !is('tells_of_all_jobs')) return
        told.push(...(is('tells_nonsense') ? [0] : is('tells_backwards') ? [job.version, job.version - 1] : [job.version]))
        wake()
      }
      const stop = () => wake()
      watchers.add(hear)
      watching++
      signal.addEventListener('abort', stop)
      try {
        while (!signal.aborted) {
          const version = told.shift()
          if (version !== undefined) yield version
          else await new Promise<void>((resolve) => (wake = resolve))
        }
        if (is('watch_throws_in_the_end')) throw signal.reason
      } finally {
        watchers.delete(hear)
        watching--
      }
    },
    async close() {
      if (is('closes_once') && closed++ > 0) throw new Error('closed already')
      if (is('forgets_when_closed')) jobs.clear()
    },
  }
  if (is('promises_events')) delete store.events
  if (is('lists_all_without_list')) delete store.list
  return store
}

const tooLarge = (is: (fault: Fault) => boolean) =>
  is('untyped_errors') ? new RangeError('too large') : new JobsError('too_large', 'This is more than the store takes.')

const sizeOf = (body: Body, is: (fault: Fault) => boolean): number =>
  typeof body !== 'string' ? body.length : is('counts_characters') ? body.length : new TextEncoder().encode(body).length

const bodiesOf = (job: Job | undefined) => job && { requestBody: job.requestBody, responseBody: job.responseBody }

const inUtf8 = (text: string) => text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
/** As a database with three bytes for a character has it. */
const inThreeBytes = (text: string) => text.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '?')

/** What is left of a text in a column that was not made for it. */
const COLUMNS = {
  ignore_case: (text: string) => text.toLowerCase(),
  ignore_blanks: (text: string) => text.trimEnd(),
  end_at_nul: (text: string) => text.replace(/\0.*/s, ''),
  in_utf8: inUtf8,
  lack_characters: inThreeBytes,
  are_cut: (text: string) => text.slice(0, 200),
}
function inColumn(text: string, kind: 'owners' | 'keys', is: (fault: Fault) => boolean): string {
  const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]
  const name = names.find((one) => is(`${kind}_${one}`))
  return name ? COLUMNS[name](text) : text
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T

const recorded = (event: JobEvent, is: (fault: Fault) => boolean): JobEvent =>
  is('forgets_codes_of_events') ? { ...event, code: undefined } : { ...event }

/** A record as the store keeps it, spoiled on the way in where that is the fault. */
function received(job: Job, is: (fault: Fault) => boolean): Job {
  if (is('keeps_passed_records')) return job
  const copy: { -readonly [Name in keyof Job]: Job[Name] } = structuredClone(job)
  const { meta, response, result } = copy
  if (is('forgets_a_member')) copy.estimateMs = undefined
  if (is('forgets_webhooks')) copy.webhook = undefined
  if (is('forgets_retries')) copy.retryOf = undefined
  if (is('forgets_chunk_sizes') && response) copy.response = { ...response, chunkBytes: undefined }
  if (is('results_end_at_64_kilobytes')) copy.result = result?.slice(0, 65_535)
  if (is('null_is_zero')) copy.dueAt ??= 0
  if (is('strips_nul')) copy.message = copy.message?.replaceAll('\u0000', '')
  if (is('rounds_numbers') && copy.percentComplete) copy.percentComplete = Math.round(copy.percentComplete)
  if (is('drops_nameless_members') && meta)
    copy.meta = JSON.parse(JSON.stringify(meta), (_, value) => (Object(value)[''] ? { ...value, '': undefined } : value))
  if (is('drops_nulls_in_json') && meta) copy.meta = Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== null))
  if (is('joins_header_lists') && response) {
    const joined = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
    copy.response = { ...response, headers: Object.fromEntries(joined) }
  }
  if (is('parses_results') && result) copy.result = JSON.stringify(JSON.parse(result))
  if (is('cuts_text') && typeof meta?.text === 'string') copy.meta = { ...meta, text: meta.text.slice(0, 10_000) }
  for (const name of ['requestBody', 'responseBody'] as const) {
    const body = copy[name]
    if (!body && !is('empty_is_none')) continue
    if (is('empty_is_none') && body?.length === 0) copy[name] = null
    if (is('bytes_as_text') && body instanceof Uint8Array) copy[name] = new TextDecoder().decode(body)
    if (is('keeps_whole_buffers') && body instanceof Uint8Array) copy[name] = new Uint8Array(body.buffer)
    if (is('cuts_bodies')) copy[name] = body?.slice(0, 65_536)
    if (is('cuts_at_the_limit')) copy[name] = body?.slice(0, MAX_BODY)
    if (is('keeps_passed_bytes')) copy[name] = job[name]
  }
  return copy
}

function page(jobs: Job[], query: JobQuery, is: (fault: Fault) => boolean, shown: (job: Job, view: string) => Job) {
  const { owner, status, operation, limit, cursor } = query
  /** A fault of the list of all owners. */
  const all = (fault: AllFault) => owner === undefined && is(fault)
  const one = is('one_status_only') || all('all_of_one_status_only')
  const asked = status === undefined || all('all_of_any_status') ? undefined : one ? [status].flat().slice(0, 1) : [status].flat()
  const wanted = is('no_state_is_any') && asked?.length === 0 ? undefined : asked
  const stored = (name: string | null) => {
    if (is('lists_in_utf8')) return name && inUtf8(name)
    if (is('lists_lack_characters')) return name && inThreeBytes(name)
    return is('lists_by_first_characters') ? name?.slice(0, 255) : name
  }
  const isOwners = (job: Job) => {
    if (owner !== undefined) return (is('no_owner_is_any') && owner === null) || stored(job.owner) === stored(owner)
    return !((is('all_is_nobody') && job.owner !== null) || (is('all_is_somebody') && job.owner === null))
  }
  const whose = (job: Job) => JSON.stringify(job.owner)
  const byOwner = (x: Job, y: Job) => (whose(x) < whose(y) ? -1 : whose(x) > whose(y) ? 1 : 0)
  const byId = (x: Job, y: Job) => (is('ties_in_local_order') ? y.id.localeCompare(x.id) : x.id < y.id ? 1 : -1)
  const found = jobs
    .filter(isOwners)
    .filter((job) => job.goneAt === undefined || is('lists_tombstones') || all('all_with_tombstones'))
    .flatMap((job) => {
      const times = wanted ? wanted.filter((state) => state === job.status).length : 1
      return is('states_named_twice_come_twice') ? new Array<Job>(times).fill(job) : times > 0 ? [job] : []
    })
    .filter((job) => {
      if (operation === undefined || all('all_of_any_operation')) return true
      return is('operations_ignore_case') ? /^x$/i.test(job.operation) : job.operation === operation
    })
    .sort(
      (x, y) =>
        (all('all_owner_by_owner') ? byOwner(x, y) : 0) ||
        y.createdAt - x.createdAt ||
        (all('all_ties_by_owner') ? byOwner(x, y) : 0) ||
        byId(x, y),
    )
  const [, at = '', id = ''] = /^(\d+)\/(.*)$/.exec(cursor ?? '') ?? []
  if (cursor !== undefined && at === '' && !is('trusts_cursors'))
    throw new JobsError('invalid_cursor', 'This cursor is not from this store.')
  const byTime = is('pages_by_time') || all('all_pages_by_time')
  const byOffset = is('pages_by_offset') || all('all_pages_by_offset')
  const after = (job: Job) =>
    job.createdAt < Number(at) ||
    (job.createdAt === Number(at) && !byTime && (is('ties_in_local_order') ? job.id.localeCompare(id) < 0 : job.id < id))
  const rest = cursor === undefined || at === '' ? found : byOffset ? found.slice(Number(at)) : found.filter(after)
  const shownNow = rest.slice(0, limit)
  const last = rest.length > shownNow.length ? shownNow.at(-1) : undefined
  const place = byOffset ? `${found.length - rest.length + shownNow.length}/` : `${last?.createdAt}/${last?.id}`
  return { jobs: shownNow.map((job) => shown(job, 'head')), cursor: last && place }
}
