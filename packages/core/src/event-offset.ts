/** Longest line that is compared, in characters: no id is longer than a request header field. */
const LONGEST = 16_384

/**
 * Byte offset at which a stream of server-sent events resumes after the last event with this id: behind its empty line (HTML Living
 * Standard, 9.2.6) and the comments that follow. 0 if there is no such event: then everything is new.
 *
 * Each byte is one character, in the stream as in the id: header fields are decoded that way too.
 */
export async function offsetAfterEvent(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, id: string): Promise<number> {
  let offset = 0
  let end = 0
  let line = ''
  /** The id of the event that is being read, once it has named one. */
  let named: string | undefined
  /** Only comments have come since the event with the id. */
  let isQuiet = false
  let afterReturn = false
  const finish = () => {
    if (line === '') {
      if (named === id) isQuiet = true
      named = undefined
    } else if (line[0] !== ':') {
      isQuiet = false
      const field = /^id(?:: ?(.*))?$/s.exec(line)
      if (field) named = field[1] ?? ''
    }
    if (isQuiet) offset = end
    line = ''
  }
  for await (const piece of pieces) {
    for (const byte of piece) {
      // The LF of a CR LF belongs to the line that the CR ended.
      if (byte === 10 && afterReturn) {
        if (offset === end) offset++
        end++
        afterReturn = false
        continue
      }
      end++
      afterReturn = byte === 13
      if (byte === 10 || byte === 13) finish()
      else if (line.length <= LONGEST) line += String.fromCharCode(byte)
    }
  }
  return offset
}
