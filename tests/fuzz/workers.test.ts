import { startWorkerd } from '../workerd'
import { fuzzTarget } from './fuzz-target'

fuzzTarget('itty-router on workerd', () => startWorkerd(new URL('../workers/fuzz.ts', import.meta.url)))
