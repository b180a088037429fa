/**
 * What comes and goes with every job, by its id. A `Map` gets a new table after so many deletions, and in V8 the old table points to the
 * new one: as soon as one of them has grown old, all that follow stay, with the requests and responses that were in them, until the next
 * full collection. An object without a prototype has no such chain.
 */
export class ById<Value> {
  readonly #values: Record<string, Value> = Object.create(null)

  get(id: string): Value | undefined {
    return this.#values[id]
  }

  set(id: string, value: Value): void {
    this.#values[id] = value
  }

  /** @param only leaves another that has taken its place */
  delete(id: string, only: Value | undefined = this.#values[id]): void {
    if (this.#values[id] === only) delete this.#values[id]
  }

  values(): Value[] {
    return Object.values(this.#values)
  }
}
