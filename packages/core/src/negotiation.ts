/** Media ranges that include HTML, and JSON, most specific first: the first one that a client names counts (RFC 9110 12.5.1). */
const HTML = ['text/html', 'text/*', '*/*']
const JSON_RANGES = ['application/json', 'application/*', '*/*']

/** Whether a client prefers HTML to JSON, as a browser that opens a page does. Without a preference it gets JSON. */
export function prefersHtml(accept: string | null): boolean {
  if (accept === null || !/text\//i.test(accept)) return false
  const weights = weightsOf(accept)
  return weightOf(weights, HTML) > weightOf(weights, JSON_RANGES)
}

/** Weights by media range, ignoring parameters. An invalid weight counts as 1, as with most servers. */
function weightsOf(accept: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (const element of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = element.split(';').map((part) => part.trim())
    const [, weight = '1'] = parameters.map((one) => /^q=([01](?:\.\d*)?)$/.exec(one)).find(Boolean) ?? []
    weights.set(range, Math.max(weights.get(range) ?? 0, Number(weight)))
  }
  return weights
}

const weightOf = (weights: ReadonlyMap<string, number>, ranges: readonly string[]): number =>
  weights.get(ranges.find((range) => weights.has(range)) ?? '') ?? 0
