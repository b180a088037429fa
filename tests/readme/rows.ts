/** What the quick start takes from its reader's application: the rows of a month, a page at a time, from a service that has them. */
export async function readPage(month: string, page: number, signal: AbortSignal): Promise<unknown[]> {
  const response = await fetch(`${process.env.ROWS_URL}/${month}?page=${page}`, { signal })
  if (!response.ok) throw new Error(`Page ${page} of ${month} cannot be read: ${response.status}`)
  return response.json()
}
