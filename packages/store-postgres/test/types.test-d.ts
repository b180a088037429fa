import { PGlite } from '@electric-sql/pglite'
import type { JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import pg from 'pg'
import postgres from 'postgres'
import { expectTypeOf, test } from 'vitest'

test('the three clients are taken as they are', () => {
  const pool = new pg.Pool()
  expectTypeOf(postgresStore({ client: pool })).toEqualTypeOf<JobStore>()
  expectTypeOf(postgresStore({ client: pool, watch: () => new pg.Client() })).toEqualTypeOf<JobStore>()
  expectTypeOf(postgresStore({ client: postgres(), watch: true })).toEqualTypeOf<JobStore>()
  expectTypeOf(postgresStore({ client: postgres({ types: { bigint: postgres.BigInt } }) })).toEqualTypeOf<JobStore>()
  expectTypeOf(postgresStore({ client: new PGlite(), watch: true })).toEqualTypeOf<JobStore>()
})

test('misuse does not compile', () => {
  // @ts-expect-error on one connection the calls of all would wait for each other: a pool has more
  postgresStore({ client: new pg.Client() })
  // @ts-expect-error an address is no client
  postgresStore({ client: 'postgres://localhost' })
  // @ts-expect-error a client is missing
  postgresStore({})
  // @ts-expect-error not a number of seconds
  postgresStore({ client: new pg.Pool(), watch: 30 })
})
