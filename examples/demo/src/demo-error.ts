/** What went wrong, in words for the person at the terminal: shown without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}
