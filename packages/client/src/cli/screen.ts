import { SingleBar } from 'cli-progress'
import type { StatusDocument } from '../status-document'

/** Shows the progress of a job on stderr; stdout is for its result. */
export interface Screen {
  show(status: StatusDocument): void
  /** Shows a note, as about a lost connection. */
  note(text: string): void
  /** Removes the bar. */
  clear(): void
}

export const silent: Screen = { show() {}, note() {}, clear() {} }

/** A progress bar on a terminal that can redraw a line; otherwise a line per change. */
export const screenOn = (stream: NodeJS.WriteStream): Screen =>
  stream.isTTY && process.env.TERM !== 'dumb' ? barOn(stream) : linesOn(stream)

function linesOn(stream: NodeJS.WriteStream): Screen {
  let last = ''
  const write = (line: string) => {
    if (line !== last) stream.write(`${line}\n`)
    last = line
  }
  return {
    show: (status) => write(textOf(status)),
    note: (text) => write(plain(text)),
    clear() {},
  }
}

function textOf({ status, percentComplete, message }: StatusDocument): string {
  const percent = percentComplete === undefined ? '' : ` ${Math.floor(percentComplete)} %`
  return plain(`${status}${percent}${message === undefined ? '' : `  ${message}`}`)
}

function barOn(stream: NodeJS.WriteStream): Screen {
  let bar: SingleBar | undefined
  const lines = linesOn(stream)
  const room = () => Math.max(0, (stream.columns || 80) - 60)
  return {
    show({ status, percentComplete = 0, message = '' }) {
      const shown = { state: status, message: plain(message).slice(0, room()) }
      if (!bar) {
        bar = new SingleBar({
          ...{ stream, format: '{state} {bar} {percentage} %  {message}', barCompleteChar: '█', barIncompleteChar: '░', barsize: 30 },
          ...{ hideCursor: true, clearOnComplete: true, stopOnComplete: false, gracefulExit: false, linewrap: null },
        })
        bar.start(100, Math.floor(percentComplete), shown)
      } else bar.update(Math.floor(percentComplete), shown)
    },
    note(text) {
      if (bar) bar.update({ message: plain(text).slice(0, room()) })
      else lines.note(text)
    },
    clear() {
      bar?.stop()
      bar = undefined
    },
  }
}

/** Text from a server without control characters, so that it cannot control the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
export const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
