import type { OperationFigures } from './figures'
import { Link } from './navigation'
import type { Place } from './place'
import { Scroll } from './scroll'
import { numberText, spanText } from './wording'

const span = (ms: number | undefined) => (ms === undefined ? '–' : spanText(ms))

/** What each operation does. */
export function Operations({ figures, place }: { figures: readonly OperationFigures[]; place: Place }) {
  return (
    <section class="card" aria-labelledby="operations">
      <h2 id="operations">Operations</h2>
      <Scroll label="Figures per operation">
        <table>
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col">Jobs</th>
              <th scope="col">Queued</th>
              <th scope="col">Running</th>
              <th scope="col">Failed</th>
              <th scope="col">Median</th>
              <th scope="col">95 % under</th>
            </tr>
          </thead>
          <tbody>
            {figures.map(({ operation, total, counts, medianMs, slowMs }) => (
              <tr key={operation}>
                <th scope="row">
                  <Link to={{ ...place, operation }} isCurrent={place.operation === operation}>
                    {operation}
                  </Link>
                </th>
                <td>{numberText(total)}</td>
                <td>{numberText(counts.queued)}</td>
                <td>{numberText(counts.running)}</td>
                <td class={counts.failed > 0 ? 'bad' : undefined}>{numberText(counts.failed)}</td>
                <td>{span(medianMs)}</td>
                <td>{span(slowMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}
