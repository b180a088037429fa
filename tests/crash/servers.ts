import { execFileSync } from 'node:child_process'

/** Stops the processes of a server without ending them: connections stay, nobody answers. Until the returned function is called. */
export function freeze(url: string): () => void {
  const pids = processesOf(new URL(url).port)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

/** The process that was started for this port, and its children. */
function processesOf(port: string): number[] {
  const all = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .map((found) => ({ pid: Number(found?.[1]), parent: Number(found?.[2]), command: found?.[3] ?? '' }))
  const server = all.find(({ command }) => /^\S*(?:postgres|redis-server)\b/.test(command) && new RegExp(`\\b${port}\\b`).test(command))
  if (!server) throw new Error(`No server was found on port ${port}.`)
  return [server.pid, ...all.filter(({ parent }) => parent === server.pid).map(({ pid }) => pid)]
}
