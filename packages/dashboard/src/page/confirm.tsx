import { useEffect, useRef } from 'preact/hooks'

export interface Question {
  readonly title: string
  readonly text: string
  /** What the button says that does it. */
  readonly yes: string
  readonly no: string
}

/** Asks before something is done that cannot be taken back. The way back has the focus. */
export function Confirm({ question, onAnswer }: { question: Question; onAnswer: (isYes: boolean) => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      aria-describedby="consequence"
      onClose={() => onAnswer(dialog.current?.returnValue === 'yes')}
    >
      <h2 id="question">{question.title}</h2>
      <p id="consequence">{question.text}</p>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close('no')}>
          {question.no}
        </button>
        <button type="button" class="danger" onClick={() => dialog.current?.close('yes')}>
          {question.yes}
        </button>
      </div>
    </dialog>
  )
}
