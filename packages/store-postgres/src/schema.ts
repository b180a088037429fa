import { JobsError } from '@respond-async/core'

/**
 * Migrations of the schema, oldest first; new ones are added at the end. Run by the first instance that finds one missing.
 *
 * Numbers are `double precision`, exactly as in a record. Text that is compared is `COLLATE "C"`, by code point, so that no index depends
 * on the collations of the system.
 */
const STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `
CREATE TABLE "${schema}".jobs (
  id text COLLATE "C" PRIMARY KEY,
  version double precision NOT NULL,
  status text NOT NULL,
  operation text COLLATE "C" NOT NULL,
  owner text COLLATE "C",
  idempotency_key text COLLATE "C",
  created_at double precision NOT NULL,
  due_at double precision,
  gone boolean NOT NULL,
  -- Events of history written so far.
  lines integer NOT NULL DEFAULT 0,
  -- The job without its bodies, as JSON text: jsonb refuses NUL and rewrites numbers. Later changes, as JSON texts separated by commas.
  record text NOT NULL,
  changes text,
  request_body bytea,
  response_body bytea
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- Out of line and uncompressed: only queries for a body pay for it.
ALTER TABLE "${schema}".jobs ALTER COLUMN request_body SET STORAGE EXTERNAL, ALTER COLUMN response_body SET STORAGE EXTERNAL;
CREATE INDEX jobs_due ON "${schema}".jobs (due_at) WHERE due_at IS NOT NULL;
-- In pairs: only an index where the owner is null is in the order of a list without an owner.
CREATE INDEX jobs_list ON "${schema}".jobs (owner, created_at DESC, id DESC) WHERE NOT gone AND owner IS NOT NULL;
CREATE INDEX jobs_ownerless_list ON "${schema}".jobs (created_at DESC, id DESC) WHERE NOT gone AND owner IS NULL;
CREATE INDEX jobs_unfinished ON "${schema}".jobs (owner, created_at DESC, id DESC)
  WHERE status IN ('queued', 'running') AND owner IS NOT NULL;
CREATE INDEX jobs_ownerless_unfinished ON "${schema}".jobs (created_at DESC, id DESC)
  WHERE status IN ('queued', 'running') AND owner IS NULL;
CREATE UNIQUE INDEX jobs_key ON "${schema}".jobs (idempotency_key, owner) WHERE idempotency_key IS NOT NULL AND owner IS NOT NULL;
CREATE UNIQUE INDEX jobs_ownerless_key ON "${schema}".jobs (idempotency_key) WHERE idempotency_key IS NOT NULL AND owner IS NULL;
CREATE TABLE "${schema}".events (
  job_id text COLLATE "C",
  line integer,
  version double precision NOT NULL,
  event text NOT NULL,
  PRIMARY KEY (job_id, line)
);
-- Written before their job, so without a foreign key.
CREATE TABLE "${schema}".blobs (
  job_id text COLLATE "C",
  name text COLLATE "C",
  chunk integer,
  data bytea NOT NULL,
  PRIMARY KEY (job_id, name, chunk)
);
ALTER TABLE "${schema}".blobs ALTER COLUMN data SET STORAGE EXTERNAL;
`,
  // IF NOT EXISTS: with many jobs the index is better created by hand before, CONCURRENTLY, because this blocks writes meanwhile.
  // Only the list of all owners has the condition on created_at, which is always true: otherwise the planner (18 and later skip along an
  // index) would also use this index for the unfinished jobs of one owner, and read those of all.
  (schema) => `
CREATE INDEX IF NOT EXISTS jobs_all ON "${schema}".jobs (operation, status, created_at DESC, id DESC)
  WHERE NOT gone AND created_at > '-infinity';
`,
  // Runs an engine's statements, `[{ text, values }]`. Called by the statement that inserts a job, with the rights of the caller.
  (schema) => `
CREATE OR REPLACE FUNCTION "${schema}".hand_over(statements text) RETURNS boolean LANGUAGE plpgsql AS $hand_over$
DECLARE
  statement json;
  p text[];
BEGIN
  FOR statement IN SELECT value FROM json_array_elements(statements::json) LOOP
    p := ARRAY(SELECT value FROM json_array_elements_text(statement->'values') WITH ORDINALITY ORDER BY ordinality);
    EXECUTE statement->>'text' USING p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8];
  END LOOP;
  RETURN true;
END $hand_over$;
`,
]

/** Version of the schema after all steps. */
export const SCHEMA_VERSION = STEPS.length

/**
 * The SQL that creates the tables, for databases that are set up by hand (`migrate: false`). It may be run again, also concurrently: it
 * runs only the steps that are missing.
 *
 * @param schema as given to `postgresStore`. @default 'respond_async'
 * @throws {JobsError} `invalid_option`
 */
export function postgresSchema(schema = 'respond_async'): string {
  return `BEGIN;\n${setUpScript(schema)}COMMIT;\n`
}

/**
 * The same without BEGIN and COMMIT: sent as one message it is one transaction anyway, and a failure leaves none open.
 *
 * Reads pg_namespace and not `to_regnamespace`, which answers from a cache that may be older than the wait for the lock.
 */
export function setUpScript(schema: string): string {
  checkSchema(schema)
  const steps = STEPS.map((step, index) => {
    const version = index + 1
    return `DO $step$ BEGIN
IF NOT EXISTS (SELECT FROM "${schema}".migrations WHERE version = ${version}) THEN
${step(schema).trim()}
INSERT INTO "${schema}".migrations (version) VALUES (${version});
END IF;
END $step$;
`
  })
  return `SELECT pg_advisory_xact_lock(hashtext('respond-async schema ${schema}'));
DO $step$ BEGIN
IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '${schema}') THEN CREATE SCHEMA "${schema}"; END IF;
IF to_regclass('"${schema}".migrations') IS NULL THEN
CREATE TABLE "${schema}".migrations (version integer PRIMARY KEY, run_at timestamptz NOT NULL DEFAULT now());
END IF;
END $step$;
${steps.join('')}`
}

/** Allows only names that need no quotes, since the name is also that of a channel. @throws {JobsError} `invalid_option` */
export function checkSchema(schema: string): void {
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema))
    throw new JobsError(
      'invalid_option',
      `postgresStore: schema must be 1 to 48 of a-z, 0-9 and _, no digit first, not ${JSON.stringify(schema)}.`,
    )
}
