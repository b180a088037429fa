/** A console session of a document: `$ curl …` lines, each with what is shown of its answer. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

export interface Exchange {
  readonly method: string
  /** With the host that the document names. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** `-i`: status line and fields are shown as well. */
  readonly withHead: boolean
  /** Lines of the answer that are shown: some of those that come, in their order. */
  readonly shown: readonly string[]
}

/** @throws when a line has an option that this does not know. */
export function readSession(lines: readonly string[]): Exchange[] {
  const starts = lines.flatMap((line, at) => (line.startsWith('$ ') ? [at] : []))
  return starts.map((start, n) => ({
    ...readCommand(lines[start] ?? ''),
    shown: lines
      .slice(start + 1, starts[n + 1])
      .join('\n')
      .trim()
      .split('\n'),
  }))
}

function readCommand(line: string): Omit<Exchange, 'shown'> {
  const words = [...line.replace(/\s#\s.*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const [prompt, program, ...rest] = words
  if (prompt !== '$' || program !== 'curl') throw new Error(`Not a curl line: ${line}`)
  const command = { method: 'GET', url: '', headers: {} as Record<string, string>, body: undefined as string | undefined, withHead: false }
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-i') command.withHead = true
    else if (word === '-N')
      continue // what comes is read to its end anyway
    else if (word === '-X') command.method = rest.shift() ?? ''
    else if (word === '-d') command.body = rest.shift()
    else if (word === '-H') {
      const [name = '', value = ''] = (rest.shift() ?? '').split(': ')
      command.headers[name] = value
    } else if (word.startsWith('-')) throw new Error(`An option that is not known here: ${word}`)
    else command.url = word
  }
  return command
}

/** Sends it and resolves to the lines that curl would print: `fetch` would hide the order and the spelling of the fields. */
export async function perform({ method, url, headers, body, withHead }: Exchange): Promise<string[]> {
  const sent = request(new URL(`http://${url}`), { method, headers, agent: false })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  const { httpVersion, statusCode, statusMessage, rawHeaders } = answer
  const fields = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []))
  return [...(withHead ? [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`, ...fields, ''] : []), ...text.split('\n')]
}

const UUID = /[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/
const ANY_ID = /[\da-f]{8}-(?:[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|…)/g
const ANY_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/** The exchange with the id of the job that was really made in the place of the one that the document has. */
export const withId = (exchange: Exchange, id: string): Exchange => ({ ...exchange, url: exchange.url.replace(ANY_ID, id) })

/** What a shown line stands for: ids and times are any, `…` is whatever was left out, the rest is literal. */
function patternOf(shown: string): RegExp {
  const literal = shown
    .replace(ANY_ID, '\0')
    .replace(ANY_TIME, '\x01')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('\0', UUID.source).replaceAll('\x01', ANY_TIME.source).replaceAll('…', '.*')}$`)
}

/** The first shown line that does not come, or comes too early; `undefined` when all come in their order. */
export function missingLine(shown: readonly string[], came: readonly string[]): string | undefined {
  let at = 0
  return shown.find((line) => {
    const found = came.slice(at).findIndex((one) => patternOf(line).test(one))
    at += found + 1
    return found < 0
  })
}
