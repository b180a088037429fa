/** The handlers that throw: they do so in the same way on every framework. */
export const throwing = {
  throw: () => {
    throw new Error('secret')
  },
  'throw-later': async () => {
    await new Promise((resolve) => setTimeout(resolve, 0))
    throw new Error('secret')
  },
  'throw-nothing': () => Promise.reject(undefined),
  'throw-hidden': () => {
    throw Object.assign(new Error('secret'), { status: 404, code: 'secret' })
  },
  'throw-shown': () => {
    throw Object.assign(new Error('March is closed'), { expose: true, status: 409, code: 'month_closed' })
  },
}
