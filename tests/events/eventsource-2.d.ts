/** What is used of version 2, which brings no types. */
declare module 'eventsource-2' {
  export default class EventSource {
    readonly readyState: number
    constructor(url: string)
    addEventListener(name: string, listener: (event: { data: string; lastEventId: string }) => void): void
    close(): void
  }
}
