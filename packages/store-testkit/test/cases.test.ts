import { memoryStore, type StoreCapabilities } from '@respond-async/core'
import { expect, it } from 'vitest'
import { casesFor, storeCases } from '../src/index'

const NOTHING: StoreCapabilities = {
  ...{ durable: false, shared: false, due: false, list: false, events: false, watch: false },
  ...{ maxRecordBytes: null, maxBodyBytes: null },
}
const idsFor = (capabilities: Partial<StoreCapabilities>) => casesFor({ ...NOTHING, ...capabilities }).map(({ id }) => id)
const moreFor = (capabilities: Partial<StoreCapabilities>) => idsFor(capabilities).filter((id) => !idsFor({}).includes(id))

it('gives every case an id of its own', () => {
  const ids = storeCases.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^[A-Z]{3}[1-9]\d*$/.test(id))).toEqual([])
})

it('leaves out what a store does not declare, and nothing else', () => {
  expect(moreFor({ due: true })).toEqual(['RYW3', 'DUE1', 'DUE2', 'DUE3', 'DUE4', 'DUE5'])
  expect(moreFor({ list: true })).toEqual(['RYW2', 'LST1', 'LST2', 'LST3', 'LST4', 'LST5', 'LST6', 'LST7', 'LST8'])
  expect(moreFor({ events: true })).toEqual(['ALI5', 'EVT1', 'EVT2', 'EVT3', 'EVT4', 'EVT5', 'EVT6', 'EVT7'])
  expect(moreFor({ watch: true })).toEqual(['WAT1', 'WAT2', 'WAT3'])
  expect(moreFor({ durable: true })).toEqual(['CLS2'])
  expect(moreFor({ maxRecordBytes: 1_000_000 })).toEqual(['BIG6'])
  expect(moreFor({ maxBodyBytes: 67_108_864 })).toEqual(['BIG3', 'BIG4', 'BIG5'])
  expect(moreFor({ maxBodyBytes: 67_108_865 })).toEqual([])
  const all = { due: true, list: true, events: true, watch: true, durable: true, maxRecordBytes: 1_000, maxBodyBytes: 1_000 }
  expect(idsFor(all)).toEqual(storeCases.map(({ id }) => id))
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
