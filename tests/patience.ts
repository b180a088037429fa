/**
 * What a test waits for is waited for longer than the second that vitest gives by itself: on a machine that does other things besides,
 * a server may need more for an answer. A test that succeeds takes no longer for it.
 */
import { vi } from 'vitest'

const { waitFor } = vi
vi.waitFor = (callback, options) => waitFor(callback, typeof options === 'number' ? options : { timeout: 10_000, ...options })
