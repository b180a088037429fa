/** No id is longer than a field of a request; of a longer line the rest need not be looked at. */
const LONGEST = 16_384

/**
 * Where a stream of server-sent events goes on after the last event with this id: the number of bytes up to the end of its empty
 * line (HTML Living Standard, 9.2.6) and of the comments after it. 0 where there is none: then all of it is news.
 *
 * Bytes are taken for characters one by one, in the stream as in the id, which is how a field of a request comes.
 */
export async function offsetAfterEvent(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, id: string): Promise<number> {
  let offset = 0
  let end = 0
  let line = ''
  /** The id of the event that is being read, once it has named one. */
  let named: string | undefined
  /** Nothing but comments has come since the event with the id. */
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
      // The line feed of a CR LF belongs to the line that the CR ended.
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
