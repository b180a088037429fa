/** Pins the server to one core and the load to another, so that they do not compete. Without taskset the system decides. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const canPin = process.platform === 'linux' && availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0
const CORES = { server: '0', load: '1' }

export const pinning = canPin ? 'server on core 0, load on core 1' : 'processes not pinned to cores'

export const pinned = (role: keyof typeof CORES, command: readonly string[]): readonly string[] =>
  canPin ? ['taskset', '-c', CORES[role], ...command] : command
