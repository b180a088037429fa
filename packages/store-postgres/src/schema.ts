import { JobsError } from '@respond-async/core'

/**
 * Each step of the schema, oldest first; a new one is added at the end. Run by whoever finds that it is missing.
 *
 * Numbers are `double precision`: what they are in a record, exactly. Text that is compared is `COLLATE "C"`: code by code, and no
 * index depends on the collations of the system.
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
  -- How many lines of history were ever written.
  lines integer NOT NULL DEFAULT 0,
  -- The job without its bodies, as JSON text: jsonb refuses NUL and rewrites numbers. What was changed since, as JSON texts with commas between.
  record text NOT NULL,
  changes text,
  request_body bytea,
  response_body bytea
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- Out of the row, not compressed: who does not ask for a body does not pay for it.
ALTER TABLE "${schema}".jobs ALTER COLUMN request_body SET STORAGE EXTERNAL, ALTER COLUMN response_body SET STORAGE EXTERNAL;
CREATE INDEX jobs_due ON "${schema}".jobs (due_at) WHERE due_at IS NOT NULL;
-- A job is in one of each two: only where the owner is known to be null is an index in the order of a list without owner.
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
-- Written before their job, so they do not refer to it.
CREATE TABLE "${schema}".blobs (
  job_id text COLLATE "C",
  name text COLLATE "C",
  chunk integer,
  data bytea NOT NULL,
  PRIMARY KEY (job_id, name, chunk)
);
ALTER TABLE "${schema}".blobs ALTER COLUMN data SET STORAGE EXTERNAL;
`,
  // May be there already: where many jobs are, it is better made by hand before, CONCURRENTLY, because this holds writes up meanwhile.
  // That a job was made after the beginning of time is said by the list of all owners alone: a planner that knows no better (18 and later
  // skip along an index) would take it for the unfinished jobs of one owner too, and read those of all.
  (schema) => `
CREATE INDEX IF NOT EXISTS jobs_all ON "${schema}".jobs (operation, status, created_at DESC, id DESC)
  WHERE NOT gone AND created_at > '-infinity';
`,
  // What an engine wants written with a job, `[{ text, values }]`: called by the statement that inserts it, with the rights of the caller.
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

/** What the schema is at, when all steps have been run. */
export const SCHEMA_VERSION = STEPS.length

/**
 * The SQL that makes the tables, for those who set up their database by hand (`migrate: false`). May be run again, and by many at
 * once: it does what is still to be done, and that once.
 *
 * @param schema as given to `postgresStore`. @default 'respond_async'
 * @throws {JobsError} `invalid_option`
 */
export function postgresSchema(schema = 'respond_async'): string {
  return `BEGIN;\n${setUpScript(schema)}COMMIT;\n`
}

/**
 * The same without BEGIN and COMMIT: sent as one message it is one transaction anyway, which leaves none open when it fails.
 *
 * The schema is looked for in its table: `to_regnamespace` answers from what the connection remembers, which may be from before the
 * lock was waited for.
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

/** Plain, so that it needs no quotes anywhere: it is the name of a channel too. @throws {JobsError} `invalid_option` */
export function checkSchema(schema: string): void {
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema))
    throw new JobsError(
      'invalid_option',
      `postgresStore: schema must be 1 to 48 of a-z, 0-9 and _, no digit first, not ${JSON.stringify(schema)}.`,
    )
}
