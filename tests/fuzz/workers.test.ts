import { startWorkerd } from '../workerd'
import { fuzzTarget } from './fuzz-target'

fuzzTarget('itty-router on workerd', () => startWorkerd(new URL('worker.ts', import.meta.url)))
