/** The floor: node:http with nothing on it. */
import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { HOLD, REPORT, RESULT, statusOf } from './constant.ts'
import { listen } from './listen.ts'

function answer(res: ServerResponse, status: number, headers: Record<string, string>, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

listen(
  createServer(async (req, res) => {
    const [, , id, action] = req.url?.split('/') ?? []
    if (req.method === 'POST') {
      await json(req)
      const { headers, body } = req.url === '/reports' ? REPORT : HOLD
      return answer(res, 202, headers, body)
    }
    if (req.method === 'DELETE') return void res.writeHead(204).end()
    if (action === 'result') return answer(res, 200, RESULT.headers, RESULT.body)
    const { status, etag, headers, body } = statusOf(id)
    if (req.headers['if-none-match'] === etag) return void res.writeHead(304, headers).end()
    answer(res, status, headers, body)
  }),
)
