/**
 * The tables and indexes of the D1 store, one statement each. They may be run again at any time, also concurrently.
 *
 * A job's bodies are in a table of their own, so that polls and progress reports do not move them. `owner` is never NULL, because an
 * index takes two NULLs for different: it is `''` for none and `=ann` for `ann`. `changes` is what claims have changed since `head` was
 * written. `token` identifies the last write, for the statements that follow it.
 */
export const D1_SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS respond_async_jobs (
  id TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  owner TEXT NOT NULL,
  idempotency_key TEXT,
  status TEXT NOT NULL,
  operation TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER,
  gone_at INTEGER,
  token TEXT NOT NULL,
  head TEXT NOT NULL,
  changes TEXT
)`,
  `CREATE UNIQUE INDEX IF NOT EXISTS respond_async_jobs_key ON respond_async_jobs (owner, idempotency_key)
  WHERE idempotency_key IS NOT NULL`,
  'CREATE INDEX IF NOT EXISTS respond_async_jobs_due ON respond_async_jobs (due_at) WHERE due_at IS NOT NULL',
  `CREATE INDEX IF NOT EXISTS respond_async_jobs_newest ON respond_async_jobs (owner, created_at DESC, id DESC)
  WHERE gone_at IS NULL`,
  `CREATE INDEX IF NOT EXISTS respond_async_jobs_status ON respond_async_jobs (owner, status, created_at DESC, id DESC)
  WHERE gone_at IS NULL`,
  `CREATE INDEX IF NOT EXISTS respond_async_jobs_all ON respond_async_jobs (operation, status, created_at DESC, id DESC)
  WHERE gone_at IS NULL`,
  `CREATE TABLE IF NOT EXISTS respond_async_bodies (
  job_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  data,
  PRIMARY KEY (job_id, kind)
)`,
  `CREATE TABLE IF NOT EXISTS respond_async_chunks (
  job_id TEXT NOT NULL,
  name TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  data,
  PRIMARY KEY (job_id, name, chunk)
)`,
  `CREATE TABLE IF NOT EXISTS respond_async_events (
  number INTEGER PRIMARY KEY,
  job_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  data TEXT NOT NULL
)`,
  'CREATE INDEX IF NOT EXISTS respond_async_events_job ON respond_async_events (job_id, number)',
]
