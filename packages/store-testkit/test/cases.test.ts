import { memoryStore } from '@respond-async/core'
import { expect, it } from 'vitest'
import { casesFor, type Declared, storeCases } from '../src/index'
import { openAdded } from './added-store'

const NOTHING: Declared = {
  ...{ durable: false, shared: false, due: false, list: false, events: false, watch: false },
  ...{ maxRecordBytes: null, maxBodyBytes: null },
}
const idsFor = (capabilities: Partial<Declared>) => casesFor({ ...NOTHING, ...capabilities }).map(({ id }) => id)
const moreFor = (capabilities: Partial<Declared>) => idsFor(capabilities).filter((id) => !idsFor({}).includes(id))
const upTo = (group: string, last: number) => Array.from({ length: last }, (_, n) => `${group}${n + 1}`)

it('gives every case an id of its own', () => {
  const ids = storeCases.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^[A-Z]{3}[1-9]\d*$/.test(id))).toEqual([])
})

it('leaves out what a store does not declare, and nothing else', () => {
  expect(moreFor({ due: true })).toEqual(['RYW3', 'DUE1', 'DUE2', 'DUE3', 'DUE4', 'DUE5'])
  expect(moreFor({ list: true })).toEqual([
    'RYW2',
    'LST1',
    'LST2',
    'LST3',
    'LST4',
    'LST5',
    'LST6',
    'LST7',
    'LST8',
    'LST9',
    'LST10',
    'LST11',
  ])
  expect(moreFor({ events: true })).toEqual(['ALI5', 'EVT1', 'EVT2', 'EVT3', 'EVT4', 'EVT5', 'EVT6', 'EVT7'])
  expect(moreFor({ watch: true })).toEqual(['WAT1', 'WAT2', 'WAT3', 'WAT5', 'WAT6'])
  expect(moreFor({ durable: true })).toEqual(['CLS2'])
  expect(moreFor({ maxRecordBytes: 1_000_000 })).toEqual(['BIG6'])
  expect(moreFor({ maxBodyBytes: 67_108_864 })).toEqual(['BIG3', 'BIG4', 'BIG5', 'BIG7'])
  expect(moreFor({ maxBodyBytes: 67_108_865 })).toEqual([])
  expect(moreFor({ claim: true })).toEqual(upTo('CLM', 11))
  expect(moreFor({ claim: true, due: true }).slice(-1)).toEqual(['CLM12'])
  expect(moreFor({ claim: true, list: true }).slice(-1)).toEqual(['CLM13'])
  expect(moreFor({ claim: true, events: true }).slice(-1)).toEqual(['CLM14'])
  expect(moreFor({ claim: true, watch: true })).toEqual(['WAT1', 'WAT2', 'WAT3', 'WAT4', 'WAT5', 'WAT6', ...upTo('CLM', 11)])
  expect(moreFor({ blobs: true })).toEqual(upTo('BLB', 14))
  expect(moreFor({ blobs: true, durable: true })).toEqual(['CLS2', ...upTo('BLB', 15)])
  expect(moreFor({ blobs: true, claim: true })).toEqual([...upTo('CLM', 11), ...upTo('BLB', 14), 'BLB16'])
  expect(moreFor({ list: true, listAll: true }).slice(-6)).toEqual(upTo('ALL', 6))
  expect(moreFor({ list: true, listAll: true, claim: true }).slice(-1)).toEqual(['ALL7'])
  expect(moreFor({ listAll: true })).toEqual([])
  expect(moreFor({ holder: true })).toEqual(upTo('HOL', 4))
  expect(moreFor({ holder: true, claim: true }).slice(-1)).toEqual(['HOL5'])
  expect(moreFor({ transaction: 'postgres' })).toEqual(upTo('TRX', 5))
  const all = {
    ...{ claim: true, blobs: true, holder: true, transaction: 'postgres' },
    due: true,
    list: true,
    listAll: true,
    events: true,
    watch: true,
    durable: true,
    maxRecordBytes: 1_000,
    maxBodyBytes: 1_000,
  }
  const untried = ['CAP6', 'CAP7', 'CAP10']
  expect(idsFor(all)).toEqual(storeCases.map(({ id }) => id).filter((id) => !untried.includes(id)))
  expect(untried.filter((id) => !idsFor({}).includes(id))).toEqual([])
})

it('fails a case for an optional member of the store that none of the chosen cases tests', async () => {
  const failures: string[] = []
  for (const { id, run } of casesFor({ ...NOTHING })) await run(openAdded()).catch((error) => failures.push(`${id} ${error.message}`))
  expect(failures).toEqual([
    'CAP6 the store has "claim": add claim: true to the capabilities that you give, or use declaredBy(store)',
    'CAP7 the store has "blobs": add blobs: true to the capabilities that you give, or use declaredBy(store)',
    'CAP10 the store has "holder": add holder: true to the capabilities that you give, or use declaredBy(store)',
  ])
})

it('throws the storage away after a case, passed or failed', async () => {
  const store = memoryStore()
  let disposed = 0
  const dispose = async () => void disposed++
  await storeCases.find(({ id }) => id === 'INS1')?.run(() => ({ a: store, b: store, dispose }))
  const failing = storeCases.find(({ id }) => id === 'INS1')?.run(() => ({ a: store, b: memoryStore(), dispose }))
  await expect(failing).rejects.toThrow('inserted: should be true, is false')
  expect(disposed).toBe(2)
})
