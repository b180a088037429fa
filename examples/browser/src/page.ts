/** Runs in the browser: uploads a file, follows its job, shows the report. The URL of the page holds that of the job, so a reload continues with it. */
import { type Job, JobCanceledError, resume, submit } from '@respond-async/client'
import type { Report } from './app.ts'

const find = <E extends HTMLElement>(selector: string) => document.querySelector(selector) as E // all are in page.html
const form = find<HTMLFormElement>('#upload')
const progress = find('#progress')
const bar = find<HTMLProgressElement>('#bar')
const problem = find('#problem')
const table = find<HTMLTableElement>('#report')
let current: Job<Report> | undefined

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  await show(() => submit<Report>('/reports', { body: new FormData(form) }))
})
find('#cancel').addEventListener('click', () => current?.cancel())

async function show(begin: () => Promise<Job<Report>> | Job<Report>) {
  problem.hidden = true
  table.hidden = true
  try {
    const job = await begin()
    current = job
    if (job.url) history.replaceState(null, '', `?job=${encodeURIComponent(job.url)}`)
    progress.hidden = false
    for await (const { status, percentComplete, message } of job) {
      if (percentComplete === undefined) bar.removeAttribute('value')
      else bar.value = percentComplete
      find('#state').textContent = message ?? status ?? ''
    }
    fill(await job.json())
  } catch (error) {
    problem.textContent = error instanceof JobCanceledError ? 'Canceled.' : String(Object(error).message ?? error)
    problem.hidden = false
  }
  progress.hidden = true
}

function fill({ rows, columns }: Report) {
  find('#report caption').textContent = `${rows} rows`
  const lines = columns.map(({ name, mean, largest }) => {
    const line = document.createElement('tr')
    for (const text of [name, mean.toFixed(2), String(largest)]) line.insertCell().textContent = text
    return line
  })
  find('#report tbody').replaceChildren(...lines)
  table.hidden = false
}

const address = new URLSearchParams(location.search).get('job')
if (address) await show(() => resume<Report>(address))
