import type { Pulse } from './pulse'
import { timeText } from './wording'

/** Whether what is seen is what is. */
export function PulseLine({ pulse }: { pulse: Pulse }) {
  return (
    <p class={`pulse ${pulse.state}`}>
      <span>{textOf(pulse)}</span>
      {(pulse.state === 'away' || pulse.state === 'refused') && (
        <button type="button" onClick={() => window.dispatchEvent(new Event('look-again'))}>
          Try now
        </button>
      )}
    </p>
  )
}

function textOf(pulse: Pulse): string {
  switch (pulse.state) {
    case 'starting':
      return 'Connecting …'
    case 'live':
      return `Live, ${timeText(pulse.at)}`
    case 'paused':
      return 'Paused'
    case 'away':
      return `${pulse.message} Trying again at ${timeText(pulse.nextAt)}.`
    case 'refused':
      return pulse.refusal.message
  }
}

/** For who hears the page: only what has changed for good or bad, not every look. */
export const spokenText = (pulse: Pulse): string =>
  pulse.state === 'away' ? pulse.message : pulse.state === 'refused' ? pulse.refusal.message : ''
