/** The value of a key, made when it's not there yet. */
export const entry = <K, V>(map: Map<K, V>, key: K, create: (key: K) => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = create(key)
  map.set(key, value)
  return value
}
