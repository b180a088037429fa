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

/** Members without a capability: a store may have one, but not have been declared to, so that its cases do not run. */
const untried = (id: string, name: 'claim' | 'blobs' | 'holder'): StoreCase => ({
  ...storeCase(id, `has no "${name}" unless its cases are run`, async ({ a, b }) => {
    for (const store of [a, b])
      ok(
        store[name] === undefined,
        `the store has "${name}": add ${name}: true to the capabilities that you give, or use declaredBy(store)`,
      )
  }),
  unless: name,
})

export const capabilityCases = [
  declared('CAP1', 'due'),
  declared('CAP2', 'list'),
  declared('CAP3', 'events'),
  declared('CAP4', 'watch'),
  storeCase('CAP5', 'declares whether it is durable and shared, and its limits, as values of the right type', async ({ a, b }) => {
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
  untried('CAP6', 'claim'),
  untried('CAP7', 'blobs'),
  storeCase('CAP8', 'names a kind of transaction, or none', async ({ a, b }) => {
    for (const { transaction } of [a.capabilities, b.capabilities])
      ok(
        transaction === undefined || (typeof transaction === 'string' && transaction !== ''),
        `capabilities.transaction should be the name of a kind or undefined, is ${JSON.stringify(transaction)}`,
      )
  }),
  storeCase('CAP9', 'declares "listAll" only if it declares "list"', async ({ a, b }) => {
    for (const { capabilities } of [a, b])
      ok(capabilities.list || !capabilities.listAll, 'capabilities.listAll is true, and capabilities.list is not')
  }),
  untried('CAP10', 'holder'),
]
