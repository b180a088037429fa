export type { PgBossEngineOptions } from './engine'
export { pgBossEngine } from './engine'
