import { type VersionListener, versionsFrom } from '@respond-async/core/store'
import type { SubscribingClient } from './clients'
import { isIoredis } from './connection'

/** Connection for subscriptions alone, as Redis wants it: opened at the first watch, kept until the store is closed. */
interface Subscriber {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  end(): void
}

export interface Subscriptions {
  /**
   * Versions published on a channel, the newest where several have come since the last was taken. Ends with the signal. After the
   * connection was down the last one is repeated (1 where there was none): it is time to look again.
   */
  watch(channel: string, signal: AbortSignal): AsyncIterable<number>
  end(): void
}

export function subscriptionsOver(client: SubscribingClient): Subscriptions {
  const channels = new Map<string, Set<VersionListener>>()
  let subscriber: Promise<Subscriber> | undefined
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
    return subscriber
  }
  /** Subscribing and unsubscribing are sent in the order of the calls: the last one says what holds. */
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
    subscriber?.then((opened) => opened.unsubscribe(channel)).catch(() => {}) // a connection that is down holds no subscription
  }

  return {
    watch: (channel, signal) =>
      versionsFrom(signal, (watcher) => {
        void join(channel, watcher)
        return () => leave(channel, watcher)
      }),
    end() {
      const opened = subscriber
      subscriber = undefined
      opened?.then((one) => one.end()).catch(() => {}) // it was never open
    },
  }
}

async function open(
  client: SubscribingClient,
  tell: (channel: string, message: string) => void,
  reconnected: () => void,
): Promise<Subscriber> {
  // A lost connection is the client's to restore, and it does so by itself; nobody is to be brought down by its 'error' event.
  const ignore = () => {}
  let ready = 0
  const onReady = () => {
    if (++ready > 1) reconnected()
  }
  if (isIoredis(client)) {
    // Commands wait for the connection here, and subscriptions come back with it, whatever the client itself is set to.
    const settings = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: true }
    const one = client.isCluster ? client.duplicate([], settings) : client.duplicate(settings)
    one.on('error', ignore)
    // By now it has asked for its subscriptions again; an answer to anything after that says that they are in force.
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
