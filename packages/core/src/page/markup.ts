import type { StatusDocument } from '../status-document'
import { errorText, percentText, resultLink, TIMES, type TimeName, titleOf } from './words'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
/** Escapes text for use between tags and in quoted attributes. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string)
const hiddenUnless = (shown: unknown): string => (shown ? '' : ' hidden')

/** A time for browsers without scripts: `2026-11-28 21:06:04 UTC`. */
const utc = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`

/**
 * The whole page. Every element that can change has an id and exists from the start, if hidden: the script only fills elements in and
 * removes none, so that readers do not lose their place.
 */
export function markup(document: StatusDocument, shows: 'document' | 'elsewhere', style: string, script: string): string {
  const { id, operation, status, percentComplete, message, attempt, cancelRequestedAt, retryAfterMs, finishedAt, links } = document
  const over = finishedAt !== undefined
  const error = errorText(document)
  const link = resultLink(document)
  const row = (name: TimeName) => {
    const time = document[name]
    const shown = time === undefined ? '<time></time>' : `<time datetime="${time}">${utc(time)}</time>`
    return `<div data-time="${name}"${hiddenUnless(time)}><dt>${TIMES[name]}</dt><dd>${shown}</dd></div>`
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escaped(titleOf(document))}</title>
<link rel="icon" href="data:,">
${over ? '' : `<noscript><meta http-equiv="refresh" content="${Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1000))}"></noscript>\n`}<style>${style}</style>
</head>
<body>
<main id="job" data-status="${status}" data-self="${escaped(links.self)}" data-shows="${shows}">
<header>
<p id="operation" dir="auto">${escaped(operation)}</p>
<h1 id="state" tabindex="-1">${status}</h1>
</header>
<div id="bar"${hiddenUnless(!over || percentComplete !== undefined)}>
<label for="progress">Progress</label>
<span id="percent">${percentText(percentComplete)}</span>
<progress id="progress" max="100"${percentComplete === undefined ? '' : ` value="${percentComplete}"`}></progress>
</div>
<p id="message" dir="auto"${hiddenUnless(message)}>${escaped(message ?? '')}</p>
<p id="error" dir="auto"${hiddenUnless(error)}>${escaped(error)}</p>
<div id="actions">
<a id="result"${hiddenUnless(link)}${link === undefined ? '' : ` href="${escaped(link)}"`}>Open the result</a>
<form id="cancel" method="post" action="${escaped(links.self)}/cancel"${hiddenUnless(!over)}>
<button id="stop"${cancelRequestedAt === undefined ? '' : ' aria-disabled="true"'}>${cancelRequestedAt === undefined ? 'Cancel' : 'Canceling…'}</button>
</form>
</div>
<dl>
${(Object.keys(TIMES) as TimeName[]).map(row).join('\n')}
<div id="attempts"${hiddenUnless(attempt)}><dt>Attempt</dt><dd id="attempt">${attempt ?? ''}</dd></div>
<div><dt>Job ID</dt><dd id="id">${escaped(id)}</dd></div>
</dl>
<p id="connection" hidden></p>
<p id="announcement" role="status"></p>
</main>
<script>${script}</script>
</body>
</html>
`
}
