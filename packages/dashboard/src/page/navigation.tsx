import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { type Place, placeOf, urlOf } from './place'

type Go = (place: Place) => void
const Navigation = createContext<Go>(() => {})
export const useGo = (): Go => useContext(Navigation)

/** Keeps the place in the URL of the page. */
export function Navigated({ children }: { children: (place: Place) => ComponentChildren }) {
  const [place, setPlace] = useState(() => placeOf(location.search))
  useEffect(() => {
    const moved = () => setPlace(placeOf(location.search))
    window.addEventListener('popstate', moved)
    return () => window.removeEventListener('popstate', moved)
  }, [])
  const go: Go = (next) => {
    history.pushState(null, '', urlOf(next))
    setPlace(next)
  }
  return <Navigation.Provider value={go}>{children(place)}</Navigation.Provider>
}

interface LinkProps {
  readonly to: Place
  readonly class?: string
  /** The place that it leads to is this one. */
  readonly isCurrent?: boolean
  readonly children: ComponentChildren
}

/** A link within the page: a real one, that can be opened in a tab of its own. */
export function Link({ to, isCurrent, children, ...rest }: LinkProps) {
  const go = useGo()
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a href={urlOf(to)} onClick={follow} aria-current={isCurrent ? 'true' : undefined} {...rest}>
      {children}
    </a>
  )
}
