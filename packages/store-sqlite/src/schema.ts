import { JobsError } from '@respond-async/core'
import { type SqliteDatabase, transactionsOf } from './database'

/**
 * The SQL that creates the tables of the store, to be run by hand with `migrate: false`. It may be run again.
 *
 * `head` is the record as JSON without its bodies; the columns beside it are for comparisons and searches. Bodies are in a table of their
 * own, so that a progress report does not rewrite an upload and a poll does not load it. Deleting a job's row deletes all that belongs to
 * it.
 */
export const schema = `
CREATE TABLE IF NOT EXISTS respond_async_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  owner TEXT,
  owner_key TEXT,
  operation TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER,
  gone_at INTEGER,
  head TEXT NOT NULL,
  result TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS respond_async_jobs_key ON respond_async_jobs (owner_key) WHERE owner_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS respond_async_jobs_due ON respond_async_jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS respond_async_jobs_list ON respond_async_jobs (owner, status, created_at, id) WHERE gone_at IS NULL;
CREATE INDEX IF NOT EXISTS respond_async_jobs_operation ON respond_async_jobs (owner, operation, status, created_at, id) WHERE gone_at IS NULL;
CREATE INDEX IF NOT EXISTS respond_async_jobs_all ON respond_async_jobs (operation, status, created_at, id) WHERE gone_at IS NULL;
CREATE TABLE IF NOT EXISTS respond_async_bodies (
  job_id TEXT NOT NULL,
  name TEXT NOT NULL,
  data NOT NULL,
  PRIMARY KEY (job_id, name)
);
CREATE TABLE IF NOT EXISTS respond_async_chunks (
  job_id TEXT NOT NULL,
  name TEXT NOT NULL,
  chunk_index INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (job_id, name, chunk_index)
);
CREATE TABLE IF NOT EXISTS respond_async_events (
  job_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (job_id, version, position)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS respond_async_jobs_removed AFTER DELETE ON respond_async_jobs BEGIN
  DELETE FROM respond_async_bodies WHERE job_id = old.id;
  DELETE FROM respond_async_chunks WHERE job_id = old.id;
  DELETE FROM respond_async_events WHERE job_id = old.id;
END;
CREATE TRIGGER IF NOT EXISTS respond_async_jobs_gone AFTER UPDATE OF gone_at ON respond_async_jobs WHEN new.gone_at IS NOT NULL BEGIN
  DELETE FROM respond_async_chunks WHERE job_id = new.id;
END;
CREATE TABLE IF NOT EXISTS respond_async_schema (version INTEGER NOT NULL PRIMARY KEY);
INSERT OR IGNORE INTO respond_async_schema VALUES (1), (2);
`

/** Creates what is missing. Several processes may do so at once. */
export function setUp(database: SqliteDatabase): void {
  transactionsOf(database)(() => database.exec(schema))
}

/** @throws {JobsError} `invalid_option` if the tables are missing */
export function checkSetUp(database: SqliteDatabase): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'respond_async_schema'").all()
  if (tables.length === 0)
    throw new JobsError('invalid_option', 'sqliteStore: the tables are missing; run `schema` on the file, or remove migrate: false.')
}
