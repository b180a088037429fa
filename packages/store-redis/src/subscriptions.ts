import { type VersionListener, versionsFrom } from '@respond-async/core/store'
import type { SubscribingClient } from './clients'
import { isIoredis } from './connection'

/** A connection for subscriptions only, as Redis requires: opened at the first watch, kept until the store is closed. */
interface Subscriber {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  end(): void
}

export interface Subscriptions {
  /**
   * Yields the versions published on a channel; of several since the last one, only the newest. Ends when the signal aborts. After the
   * connection was down the last one is repeated (1 if there was none), so that the watcher reads the job again.
   */
  watch(channel: string, signal: AbortSignal): AsyncIterable<number>
  /** Ends the connection. Later watches end at once. */
  end(): void
}

export function subscriptionsOver(client: SubscribingClient): Subscriptions {
  const channels = new Map<string, Set<VersionListener>>()
  let subscriber: Promise<Subscriber> | undefined
  let closed: boolean | undefined
  const tell = (channel: string, message: string) => {
    for (const watcher of channels.get(channel) ?? []) watcher.hear(Number(message))
  }
  const nudgeAll = () => {
    for (const watchers of channels.values()) for (const watcher of watchers) watcher.nudge()
  }
  const connection = () => {
    subscriber ??= open(client, tell, nudgeAll)
    const opening = subscriber
    opening.catch(() => {
      if (subscriber === opening) subscriber = undefined
    })
    return opening
  }
  /** Subscribe and unsubscribe commands are sent in the order of the calls, so the last one holds. */
  const join = async (channel: string, watcher: VersionListener) => {
    const there = channels.get(channel)
    if (there) return void there.add(watcher)
    const watchers = new Set([watcher])
    channels.set(channel, watchers)
    try {
      await (await connection()).subscribe(channel)
    } catch (error) {
      if (channels.get(channel) === watchers) channels.delete(channel)
      for (const one of watchers) one.end(error)
    }
  }
  const leave = (channel: string, watcher: VersionListener) => {
    const there = channels.get(channel)
    if (!there?.delete(watcher) || there.size > 0) return
    channels.delete(channel)
    subscriber?.then((opened) => opened.unsubscribe(channel)).catch(() => {}) // a connection that is down has no subscription
  }

  return {
    watch: (channel, signal) =>
      versionsFrom(signal, (watcher) => {
        if (closed) watcher.end()
        else void join(channel, watcher)
        return () => leave(channel, watcher)
      }),
    end() {
      closed = true // a connection opened later would never be ended, and would keep the process
      subscriber?.then((opened) => opened.end()).catch(() => {}) // it was never opened, or has been ended before
    },
  }
}

async function open(
  client: SubscribingClient,
  tell: (channel: string, message: string) => void,
  reconnected: () => void,
): Promise<Subscriber> {
  // The client restores a lost connection by itself; its 'error' event must not crash the process.
  const ignore = () => {}
  let ready = 0
  const onReady = () => {
    if (++ready > 1) reconnected()
  }
  if (isIoredis(client)) {
    // Whatever the settings of the client: here commands wait for the connection, and subscriptions are restored with it.
    const settings = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: true }
    const one = client.isCluster ? client.duplicate([], settings) : client.duplicate(settings)
    one.on('error', ignore)
    // The subscriptions have been requested again by now, so once the ping is answered they are active.
    one.on('ready', () => one.ping().then(onReady, ignore))
    one.on('message', (channel = '', message = '') => tell(channel, message))
    return {
      subscribe: (channel) => one.subscribe(channel),
      unsubscribe: (channel) => one.unsubscribe(channel),
      end: () => one.disconnect(),
    }
  }
  const one = client.duplicate()
  one.on('error', ignore)
  one.on('ready', onReady)
  await one.connect()
  return {
    subscribe: (channel) => one.subscribe(channel, (message) => tell(channel, message)),
    unsubscribe: (channel) => one.unsubscribe(channel),
    end: () => one.destroy(),
  }
}
