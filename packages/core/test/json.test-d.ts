import type { Jobs, JsonObject } from '@respond-async/core'
import { expectTypeOf, test } from 'vitest'

interface User {
  id: string
  roles: string[]
  email?: string
}
type Thumbnail = { url: string; sizes: readonly [number, number][] }
declare const jobs: Jobs
declare const user: User
declare const thumbnail: Thumbnail

test('JSON is what is copied of an interface, named of it, or declared as a type', () => {
  expectTypeOf({ user: { ...user } }).toExtend<JsonObject>()
  expectTypeOf({ user: { id: user.id, email: user.email } }).toExtend<JsonObject>()
  jobs.submit('thumbnail', thumbnail)
  // @ts-expect-error others may add to an interface
  jobs.submit('greet', user)
  // @ts-expect-error a date comes back as text
  jobs.submit('greet', { at: { day: new Date() } })
})
