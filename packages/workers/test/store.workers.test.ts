import { env } from 'cloudflare:workers'
import { testStore } from '@respond-async/store-testkit/vitest'
import { durableObjectStore } from '../src/durable-object'

/** Names in the namespace begin with something else for each case: then there is nothing in it yet. */
let storages = 0

testStore('durableObjectStore', () => {
  const prefix = `${++storages}|`
  const open = () => {
    const store = durableObjectStore(
      { idFromName: (name) => env.KIT.idFromName(`${prefix}${name}`), get: (id) => env.KIT.get(id) },
      { maxEvents: 100, listNameless: true },
    )
    return store
  }
  return { a: open(), b: open(), reopen: async () => open() }
})
