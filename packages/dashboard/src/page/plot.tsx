import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartType,
  LinearScale,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
} from 'chart.js'
import { useEffect, useRef, useState } from 'preact/hooks'

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LogarithmicScale, PointElement, ScatterController, Tooltip)

/** Colours of the style sheet, which knows whether it is dark. */
export type Colour = (name: string) => string

interface PlotProps<Type extends ChartType, Data> {
  readonly title: string
  /** What the plot shows, in a sentence, for who does not see it. */
  readonly summary: string
  readonly legend: readonly string[]
  /** Has to be the same function every time. */
  readonly draw: (colour: Colour) => ChartConfiguration<Type, Data>
  readonly data: ChartConfiguration<Type, Data>['data']
}

/** A plot with its legend. It is drawn anew when the colours change, and otherwise only told its data. */
export function Plot<Type extends ChartType, Data>({ title, summary, legend, draw, data }: PlotProps<Type, Data>) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const chart = useRef<Chart<Type, Data>>(null)
  const isDark = useDark()
  // Colours are read from the style sheet, which changes with it.
  useEffect(() => {
    if (!canvas.current) return undefined
    const style = getComputedStyle(canvas.current)
    const made = new Chart<Type, Data>(
      canvas.current,
      draw((name) => style.getPropertyValue(`--${name}`)),
    )
    chart.current = made
    return () => made.destroy()
  }, [draw, isDark])
  useEffect(() => {
    if (!chart.current) return
    for (const [at, dataset] of data.datasets.entries()) Object.assign(chart.current.data.datasets[at] ?? {}, dataset)
    chart.current.data.labels = data.labels
    chart.current.update('none')
  }, [data, draw, isDark])
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {legend.map((name) => (
            <li key={name} class={name}>
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="canvas">
        <canvas ref={canvas} role="img" aria-label={summary} />
      </div>
      <p class="summary">{summary}</p>
    </figure>
  )
}

function useDark(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, setDark] = useState(query.matches)
  useEffect(() => {
    const changed = () => setDark(query.matches)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [query])
  return isDark
}
