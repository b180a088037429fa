/** All that the model knows: its answers consist of words from here. */
const TEXT = `
A question takes a moment, and an answer takes its time. The server says that it has heard the question, and the work begins when the
server has a hand free. While the work goes on the answer grows, word by word, and whoever asks for it is given what there is. Nobody has
to wait at the door. A connection may break while the answer grows, and the answer grows all the same. Whoever comes back says how much
was heard, and is given the rest. A page may be closed in the middle of a word and opened again on another machine. The work does not know
who listens, and the listener does not know who works. When the server stops another takes the question, and when the work is lost the
question is asked again. An answer that was heard is kept for a day, so that it can be read once more. Time is short, and a word that was
said need not be said twice. The moon over the harbour has no opinion on this, and the harbour has no opinion on the moon.
`

const words = TEXT.trim().split(/\s+/)
const next = new Map<string, string[]>()
for (const [at, word] of words.entries()) {
  const following = words[at + 1] ?? (words[0] as string)
  next.set(word, [...(next.get(word) ?? []), following])
}

/**
 * Stands in for a model: the words of an answer are a walk through the text from a start that the question decides. The same question
 * gets the same answer, which lets check.ts compare.
 */
export function* answerTo(question: string, length: number): Generator<string> {
  let state = 2_166_136_261
  for (const unit of question) state = Math.imul(state ^ (unit.codePointAt(0) ?? 0), 16_777_619)
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  const starts = words.filter((word) => /^[A-Z]/.test(word))
  let word = starts[random(starts.length)] as string
  for (let said = 1; said < length || !word.endsWith('.'); said++) {
    yield `${word} `
    const follows = next.get(word) as string[] // every word has one
    word = follows[random(follows.length)] as string
  }
  yield `${word}\n`
}
