/** Orders by number, largest first, and then by name, so that ties don't depend on the order of the rows. */
export const byCount =
  <T>(count: (item: T) => number, name: (item: T) => string) =>
  (a: T, b: T) =>
    count(b) - count(a) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0)

/** Keeps the `size` items with the largest value. Of equal ones the earlier stays. */
export const createTop = <T>(size: number, value: (item: T) => number) => {
  const items: T[] = []
  return {
    items,
    /** The value that an item must exceed to get in. */
    get threshold() {
      const last = items[size - 1]
      return last === undefined ? Number.NEGATIVE_INFINITY : value(last)
    },
    add(item: T) {
      const before = items.findIndex((other) => value(other) < value(item))
      items.splice(before < 0 ? items.length : before, 0, item)
      items.length = Math.min(items.length, size)
    },
  }
}
