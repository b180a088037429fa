import { timeText, wholeTimeText } from './wording'

/** A time as its reader writes it; the whole of it where it is pointed at. */
export const Time = ({ at, isWhole = false }: { at: number; isWhole?: boolean }) => (
  <time dateTime={new Date(at).toISOString()} title={wholeTimeText(at)}>
    {isWhole ? wholeTimeText(at) : timeText(at)}
  </time>
)
