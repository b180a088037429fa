import type { JobStatus } from './status-document'

/**
 * Words for states in common APIs, without case, spaces, dashes and underscores. Words that are not here are ignored, and the status code
 * decides.
 */
const WORDS: Readonly<Record<JobStatus, string>> = {
  queued: 'queued inqueue enqueued pending accepted scheduled submitted created notstarted waiting new starting',
  running:
    'running inprogress processing started working active executing busy validating finalizing provisioning updating creating deleting ' +
    'undetermined suspended paused throttled retrying continuedasnew canceling cancelling aborting inputrequired authrequired',
  succeeded: 'succeeded success successful completed complete done finished ended',
  failed: 'failed failure error errored timedout timeout expired rejected',
  canceled: 'canceled cancelled aborted terminated dismissed revoked stopped',
}

/** The application's own words; a map, in which "constructor" is no word. */
export type OwnWords = ReadonlyMap<string, JobStatus>

const plain = (word: string) =>
  word
    .toLowerCase()
    .replace(/[^a-z]/g, '')
    .replace(/^(?:task|job)(?:state|status)/, '')

const known = new Map(
  Object.entries(WORDS).flatMap(([status, words]) =>
    // Object.entries() loses the type of the keys.
    words.split(' ').map((word) => [word, status as JobStatus] as const),
  ),
)

/** The state that a word stands for; the application's own words take precedence. */
export const statusOfWord = (word: string, own: OwnWords): JobStatus | undefined => own.get(word) ?? known.get(plain(word))
