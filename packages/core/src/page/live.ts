/**
 * The script of the page: listens to the job's events, polls if none arrive, and fills in what changes. Built into assets.ts by
 * `npm run page`.
 */
import { TRANSITIONS } from '../lifecycle'
import type { StatusDocument } from '../status-document'
import { errorText, percentText, resultLink, type TimeName, titleOf } from './words'

/** How long the event stream may be silent before the status is polled, in milliseconds: at first, and later. */
const FIRST_MS = 5_000
const SILENT_MS = 60_000
/** Longest wait for one answer, in milliseconds: a browser waits for minutes, or for ever. */
const ANSWER_MS = 30_000
/** First and longest pause after a failure, in milliseconds; it doubles each time. */
const AGAIN_MS = 1_000
const AGAIN_MAX_MS = 30_000
/** Longest pause, in milliseconds (a day): timers with much longer ones would fire at once. */
const LONGEST_MS = 86_400_000

/** An element of the page, which has them all. */
const part = <E extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as E
const job = part('job')
const bar = part<HTMLProgressElement>('progress')
const form = part<HTMLFormElement>('cancel')
const button = part<HTMLButtonElement>('stop')
const result = part<HTMLAnchorElement>('result')
const { self = '', shows } = job.dataset

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const rows = [...document.querySelectorAll<HTMLElement>('[data-time]')]
const fill = (id: string, text: string, holder = part(id)) => {
  part(id).textContent = text
  holder.hidden = text === ''
}

let source: EventSource | undefined
let timer: ReturnType<typeof setTimeout> | undefined
let failures = 0
let hearsEvents = true
let isOver = form.hidden
let newest = ''
let quarter = Math.floor(Math.max(0, bar.position) * 4)

function showTime(row: HTMLElement, time: string | undefined): void {
  row.hidden = time === undefined
  const shown = row.querySelector('time')
  if (time === undefined || !shown) return
  shown.dateTime = time
  shown.textContent = clock.format(new Date(time))
}

/** Announces states and quarters to screen readers. */
function announce({ status, percentComplete = 0, finishedAt }: StatusDocument): void {
  const now = Math.floor(percentComplete / 25)
  const isNews = status !== job.dataset.status || (finishedAt === undefined && now > quarter)
  quarter = now
  if (isNews) part('announcement').textContent = now > 0 && finishedAt === undefined ? `${status}, ${now * 25} %` : status
}

function show(now: StatusDocument): void {
  if (isOver || now.lastUpdatedAt < newest) return // an older document that arrived late
  newest = now.lastUpdatedAt
  announce(now)
  isOver = now.finishedAt !== undefined
  job.dataset.status = now.status
  document.title = titleOf(now)
  part('state').textContent = now.status
  if (now.percentComplete === undefined) bar.removeAttribute('value')
  else bar.value = now.percentComplete
  part('bar').hidden = isOver && now.percentComplete === undefined
  part('percent').textContent = percentText(now.percentComplete)
  fill('message', now.message ?? '')
  fill('error', errorText(now))
  fill('attempt', now.attempt === undefined ? '' : `${now.attempt}`, part('attempts'))
  for (const row of rows) showTime(row, now[row.dataset.time as TimeName])
  const link = resultLink(now)
  result.hidden = link === undefined
  if (link !== undefined) result.href = link
  showCancel(now.cancelRequestedAt !== undefined)
  if (isOver) end()
}

function showCancel(isAsked: boolean): void {
  // Not `disabled`: that would take the focus away from the button that was just pressed.
  button.ariaDisabled = `${isAsked}`
  button.textContent = isAsked ? 'Canceling…' : 'Cancel'
  if (isOver && form.contains(document.activeElement)) (result.hidden ? part('state') : result).focus()
  form.hidden = isOver
}

function end(): void {
  isOver = true
  clearTimeout(timer)
  source?.close()
  tell('')
  if (shows === 'elsewhere') location.reload()
}

function tell(text: string): void {
  if (part('connection').textContent === text) return
  fill('connection', text)
  part('announcement').textContent = text
}

function lost(retryAfterSeconds = 0): void {
  if (isOver) return
  tell(navigator.onLine ? 'Connection lost. Trying again…' : 'You are offline. Waiting for the network…')
  pollIn(Math.max(retryAfterSeconds * 1_000, Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** failures++)))
}

function pollIn(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(poll, Math.min(LONGEST_MS, ms))
}

function connect(): void {
  // No connection in a hidden tab: over HTTP/1.1 a browser opens only six to a server, for all tabs.
  if (isOver || document.hidden || (source && source.readyState !== EventSource.CLOSED)) return
  source = new EventSource(`${self}/events`)
  source.onerror = () => {
    // Not necessarily a lost connection: some proxies let no events through. If none have come, a poll is due already.
    if (hearsEvents) pollIn(AGAIN_MS)
    hearsEvents = false
  }
  for (const name of [...Object.keys(TRANSITIONS), 'progress'])
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      hearsEvents = true
      heard(SILENT_MS)
      show(JSON.parse(data))
    })
}

function heard(nextMs: number): void {
  failures = 0
  tell('')
  pollIn(nextMs)
}

async function poll(): Promise<void> {
  if (isOver) return
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(self, { headers: { accept: 'application/json' }, cache: 'no-store', redirect: 'manual', signal })
    const { status, headers, type } = response
    const seconds = Number(headers.get('retry-after')) || 0 // proxies may send a date
    if (status === 404 || status === 410) return gone()
    if (shows === 'elsewhere' && (type === 'opaqueredirect' || isOutcome(headers))) return end()
    if (!response.ok) return lost(seconds)
    const now: StatusDocument = await response.json()
    heard(now.retryAfterMs ?? Math.max(1, seconds) * 1_000)
    show(now)
    connect()
  } catch {
    lost() // no answer, or an incomplete one
  }
}

/** Whether this is the final answer for a job that has no document: the handler's response, or a problem that will not go away. */
const isOutcome = (headers: Headers): boolean =>
  headers.has('sunset') || (!headers.has('retry-after') && /problem\+json/.test(headers.get('content-type') ?? ''))

function gone(): void {
  isOver = true
  clearTimeout(timer)
  source?.close()
  showCancel(false)
  tell('This job no longer exists: it has expired or was deleted.')
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  if (button.ariaDisabled === 'true') return
  showCancel(true)
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(form.action, { method: 'POST', headers: { accept: 'application/json' }, signal })
    if (response.ok) show(await response.json())
    else await poll()
  } catch {
    showCancel(false)
    lost()
  }
})

addEventListener('online', poll)
addEventListener('offline', () => lost())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) return poll()
  source?.close()
  if (!isOver) pollIn(AGAIN_MS)
})

for (const row of rows) showTime(row, row.querySelector('time')?.dateTime || undefined)
if (!isOver) {
  connect()
  pollIn(FIRST_MS)
}
