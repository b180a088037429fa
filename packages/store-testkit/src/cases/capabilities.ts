import { ok } from '../assertions'
import { type StoreCase, storeCase } from '../store-case'

const declared = (id: string, name: 'due' | 'list' | 'events' | 'watch'): StoreCase =>
  storeCase(id, `declares "${name}" exactly if it has the method`, async ({ a, b }) => {
    for (const store of [a, b]) {
      const has = typeof store[name] === 'function'
      ok(
        store.capabilities[name] === has,
        `capabilities.${name} is ${store.capabilities[name]}, and ${name}() is ${has ? '' : 'not '}there`,
      )
    }
  })

export const capabilityCases = [
  declared('CAP1', 'due'),
  declared('CAP2', 'list'),
  declared('CAP3', 'events'),
  declared('CAP4', 'watch'),
  storeCase('CAP5', 'declares whether it is durable and shared, and its limits, in the types of the contract', async ({ a, b }) => {
    for (const { capabilities } of [a, b]) {
      for (const name of ['durable', 'shared'] as const)
        ok(typeof capabilities[name] === 'boolean', `capabilities.${name} should be a boolean, is ${capabilities[name]}`)
      for (const name of ['maxRecordBytes', 'maxBodyBytes'] as const) {
        const limit = capabilities[name]
        ok(
          limit === null || (Number.isSafeInteger(limit) && limit > 0),
          `capabilities.${name} should be null or a number of bytes, is ${limit}`,
        )
      }
    }
  }),
]
