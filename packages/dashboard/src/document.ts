import type { Answer } from '@respond-async/core'
import { ICON, SCRIPT, STYLE } from './files'

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] as string)

/** The page before its script has run, with no data but the title. */
export const document = (title: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<link rel="icon" href="assets/${ICON}" type="image/svg+xml">
<link rel="stylesheet" href="assets/${STYLE}">
<script type="module" src="assets/${SCRIPT}"></script>
</head>
<body>
<div id="page"><main class="loading"><h1>${escaped(title)}</h1><noscript><p>This page needs JavaScript.</p></noscript></main></div>
</body>
</html>
`,
})
