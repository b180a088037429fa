import { useState } from 'preact/hooks'
import type { Detail } from '../rows'
import { Confirm, type Question } from './confirm'
import { useGo } from './navigation'
import type { Place } from './place'
import { Refusal, type Server } from './server'

/** Outcome of an action, for the reader. */
export interface ActionOutcome {
  readonly text: string
  readonly isBad: boolean
  readonly job?: string
}

interface Action extends Question {
  readonly name: string
  readonly isFor: (job: Detail) => boolean
  readonly run: (server: Server, id: string) => Promise<ActionOutcome & { readonly isGone?: boolean }>
}

const isUnfinished = ({ status }: Detail) => status === 'queued' || status === 'running'

const ACTIONS: readonly Action[] = [
  {
    name: 'Cancel',
    title: 'Cancel this job?',
    text: 'A queued job will not start. A running job is asked to stop, and what it has done so far is not undone.',
    ...{ yes: 'Cancel the job', no: 'Keep the job' },
    isFor: (job) => isUnfinished(job) && job.cancelRequestedAt === undefined,
    async run(server, id) {
      const after = await server.cancel(id)
      if (isUnfinished(after)) return { text: 'The job was asked to stop.', isBad: false }
      return { text: after.status === 'canceled' ? 'The job is canceled.' : `The job had already ${after.status}.`, isBad: false }
    },
  },
  {
    name: 'Retry',
    title: 'Run this request again?',
    text: 'A new job does the same work, from the stored request. This job stays as it is.',
    ...{ yes: 'Run it again', no: 'Not now' },
    isFor: ({ status, request }) => request !== undefined && (status === 'failed' || status === 'canceled'),
    async run(server, id) {
      const made = await server.retry(id)
      return { text: 'A new job was created.', isBad: false, job: made.id }
    },
  },
  {
    name: 'Purge',
    title: 'Purge this job?',
    text: 'Its request, result and history are deleted for good. Its status URL answers that it is gone.',
    ...{ yes: 'Purge the job', no: 'Keep it' },
    isFor: (job) => !isUnfinished(job),
    async run(server, id) {
      await server.purge(id)
      return { text: 'The job was purged.', isBad: false, isGone: true }
    },
  },
]

interface ActionsProps {
  readonly job: Detail
  readonly place: Place
  readonly server: Server
  readonly onOutcome: (outcome: ActionOutcome) => void
  readonly onDone: () => void
}

/** Buttons for what can be done with a job, each after a confirmation. */
export function Actions({ job, place, server, onOutcome, onDone }: ActionsProps) {
  const [asked, setAsked] = useState<Action>()
  const [isBusy, setBusy] = useState(false)
  const go = useGo()
  const answered = async (isYes: boolean) => {
    setAsked(undefined)
    if (!asked || !isYes) return
    setBusy(true)
    try {
      const { isGone, ...outcome } = await asked.run(server, job.id)
      onOutcome(outcome)
      if (isGone) go({ ...place, job: undefined })
      else onDone()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      onOutcome({ text: `${asked.name}: ${error.message}`, isBad: true })
      onDone()
    } finally {
      setBusy(false)
    }
  }
  return (
    <div class="actions">
      {ACTIONS.filter(({ isFor }) => isFor(job)).map((action) => (
        <button
          key={action.name}
          type="button"
          class={action.name === 'Retry' ? 'main' : 'danger'}
          disabled={isBusy}
          onClick={() => setAsked(action)}
        >
          {action.name}
        </button>
      ))}
      {asked && <Confirm question={asked} onAnswer={answered} />}
    </div>
  )
}
