export type { BullmqEngineOptions } from './engine'
export { bullmqEngine } from './engine'
