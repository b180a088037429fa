/** Stores large bodies of the object's job in its SQLite database, one row per chunk. The table is created with the first chunk. */
export function jobChunks({ kv, sql }: DurableObjectStorage) {
  let known: boolean | undefined
  const some = (): boolean => {
    known ??= kv.get<boolean>('chunks') ?? false
    return known
  }

  return {
    write(name: string, index: number, data: Uint8Array): void {
      if (!some()) {
        sql.exec(
          'CREATE TABLE IF NOT EXISTS chunks (name TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, number))',
        )
        kv.put('chunks', true)
        known = true
      }
      sql.exec('INSERT OR REPLACE INTO chunks (name, number, data) VALUES (?, ?, ?)', name, index, data)
    },
    read(name: string, index: number): Uint8Array | null {
      if (!some()) return null
      const [row] = sql.exec<{ data: ArrayBuffer }>('SELECT data FROM chunks WHERE name = ? AND number = ?', name, index)
      return row ? new Uint8Array(row.data) : null
    },
    remove(keep?: string): void {
      if (!some()) return
      if (keep === undefined) sql.exec('DELETE FROM chunks')
      else sql.exec('DELETE FROM chunks WHERE name <> ?', keep)
    },
    /** To be called when the storage has been deleted. */
    forget(): void {
      known = undefined
    },
  }
}
