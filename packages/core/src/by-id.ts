/**
 * A map by job id for short-lived values, in place of a `Map`. After many deletions a `Map` gets a new table, and in V8 the old one
 * points to the new one. Once one of them is in the old generation, all later tables survive with the requests and responses in them,
 * until the next full garbage collection. An object without a prototype has no such chain.
 */
export class ById<Value> {
  readonly #values: Record<string, Value> = Object.create(null)

  get(id: string): Value | undefined {
    return this.#values[id]
  }

  set(id: string, value: Value): void {
    this.#values[id] = value
  }

  /** @param only delete the entry only if it is this value, not one that has replaced it */
  delete(id: string, only: Value | undefined = this.#values[id]): void {
    if (this.#values[id] === only) delete this.#values[id]
  }

  values(): Value[] {
    return Object.values(this.#values)
  }
}
