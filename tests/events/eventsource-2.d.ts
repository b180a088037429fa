/** What is used of version 2, which brings no types. */
declare module 'eventsource-2' {
  export default class EventSource {
    static readonly CLOSED: 2
    readonly readyState: 0 | 1 | 2
    readonly CLOSED: 2
    constructor(url: string)
    addEventListener(name: string, listener: (event: { data: string; lastEventId: string }) => void): void
    close(): void
  }
}
