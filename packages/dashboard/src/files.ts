import type { Answer } from '@respond-async/core'
import { BUNDLE } from './bundle'

export const SCRIPT = BUNDLE.script.name
export const STYLE = BUNDLE.style.name
export const ICON = BUNDLE.icon.name

/** The files of the page by name. Names change with the content, so browsers may cache them forever. */
export const FILES: Readonly<Partial<Record<string, Answer>>> = Object.assign(Object.create(null), {
  [SCRIPT]: file('text/javascript; charset=utf-8', BUNDLE.script.text),
  [STYLE]: file('text/css; charset=utf-8', BUNDLE.style.text),
  [ICON]: file('image/svg+xml', BUNDLE.icon.text),
})

function file(type: string, body: string): Answer {
  return { status: 200, headers: { 'Content-Type': type, 'Cache-Control': 'private, max-age=31536000, immutable' }, body }
}
