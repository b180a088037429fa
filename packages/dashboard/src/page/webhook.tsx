import type { JobWebhook } from '@respond-async/core'
import { Scroll } from './scroll'
import { Time } from './time'
import { spanText } from './wording'

/** The webhook of a job and its deliveries. */
export function Webhook({ webhook: { url, nextAt, log } }: { webhook: JobWebhook }) {
  return (
    <section class="card" aria-labelledby="webhook">
      <h3 id="webhook">Webhook</h3>
      <p class="quiet url">{url}</p>
      {nextAt !== undefined && (
        <p>
          Next attempt: <Time at={nextAt} isWhole />
        </p>
      )}
      {log.length === 0 ? (
        <p class="note">Nothing has been sent yet.</p>
      ) : (
        <Scroll label="Deliveries">
          <table>
            <thead>
              <tr>
                <th scope="col">Attempt</th>
                <th scope="col">Sent</th>
                <th scope="col">Duration</th>
                <th scope="col">Response</th>
              </tr>
            </thead>
            <tbody>
              {log.map(({ at, attempt, tookMs, status, error }) => (
                <tr key={`${at} ${attempt}`}>
                  <th scope="row">{attempt}</th>
                  <td>
                    <Time at={at} />
                  </td>
                  <td>{spanText(tookMs)}</td>
                  <td>{status ?? error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  )
}
