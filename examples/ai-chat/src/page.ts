export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
  form { display: flex; gap: .5rem }
  input { flex: 1; font: inherit; padding: .4rem }
  button { font: inherit }
  #answer { white-space: pre-wrap; min-height: 8rem }
</style>
<h1>Ask something</h1>
<form><input name="question" aria-label="Question" required autocomplete="off"><button>Ask</button></form>
<p id="answer" aria-live="polite"></p>
<p><small id="state" role="status"></small></p>
<script src="/chat.js" type="module"></script>
</html>
`

/** The URL of the page holds that of the job, so a reload continues with it. After a lost connection only the missing bytes are requested. */
export const script = `
const form = document.querySelector('form')
const answer = document.querySelector('#answer')
const state = document.querySelector('#state')
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
let following = 0

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const accepted = await fetch('/answers', { method: 'POST', body: form.question.value })
  const { pathname } = new URL(accepted.headers.get('location'), location.href)
  history.pushState(null, '', '?job=' + encodeURIComponent(pathname))
  follow(pathname)
})

/** Resolves once the answer has begun. It may have begun already, so the first request does not wait for a change. */
async function begun(job) {
  for (let headers = {}; ; headers = { prefer: 'wait=5' }) {
    const status = await (await fetch(job, { headers })).json()
    if (status.links.stream || !['queued', 'running'].includes(status.status)) return
  }
}

async function follow(job) {
  const turn = ++following
  const decoder = new TextDecoder()
  let at = 0
  let etag = ''
  answer.textContent = ''
  while (turn === following) {
    state.textContent = 'waiting'
    try {
      await begun(job)
      const response = await fetch(job + '/stream', { headers: at > 0 ? { range: 'bytes=' + at + '-', 'if-range': etag } : {} })
      if (response.status === 416) break // everything has been read
      if (!response.ok) throw new Error(String(response.status))
      if (response.status === 200) {
        at = 0 // the beginning, or another attempt
        answer.textContent = ''
      }
      etag = response.headers.get('etag')
      state.textContent = 'answering'
      const reader = response.body.getReader()
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        if (turn !== following) return reader.cancel()
        at += read.value.length
        answer.append(decoder.decode(read.value, { stream: true }))
      }
      break
    } catch {
      state.textContent = 'reconnecting'
      await pause(500)
    }
  }
  if (turn === following) state.textContent = 'done'
}

const resume = () => {
  const job = new URLSearchParams(location.search).get('job')
  if (job?.startsWith('/jobs/')) follow(job)
}
addEventListener('popstate', resume)
resume()
`
