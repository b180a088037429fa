const KEPT = new Set(['AFB', 'DC', 'FL', 'NY', 'OR', 'UPS', 'US'])
const SHORT: Record<string, string> = { ARPT: '', AIRPORT: '', INTERNATIONAL: 'Intl', FEDEX: 'FedEx' }

/** Capitals are hard to read in a chart: `CHICAGO O'HARE INTL ARPT` becomes `Chicago O'Hare Intl`. */
export const readable = (name: string) => {
  if (name !== name.toUpperCase()) return name
  const words = name.replace(/\*$/, '').split(/(?<=[\s/(-])|(?=[\s/)-])/)
  const shown = words.map((word) => SHORT[word] ?? (KEPT.has(word) || /\d/.test(word) ? word : capitalise(word))).join('')
  return shown.replace(/\s+/g, ' ').trim()
}

const capitalise = (word: string) => word.toLowerCase().replace(/^\p{L}|(?<=^o['’])\p{L}/gu, (letter) => letter.toUpperCase())
