import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Packages of this repository resolve to each other's source, see "customConditions" in tsconfig.base.json. */
const source = '@respond-async/source'
const onNode = [source, 'module', 'node', 'development|production']
const inWorkerd = [source, 'workerd', 'worker', 'browser', 'module', 'development|production']

/** What a test waits for is waited for longer than the second that vitest gives by itself: see tests/patience.ts. */
const patience = { setupFiles: ['./tests/patience.ts'], expect: { poll: { timeout: 10_000 } } }

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.mjs'],
    projects: [
      {
        resolve: { conditions: onNode },
        ssr: { resolve: { conditions: onNode } },
        test: {
          name: 'unit',
          ...patience,
          include: ['{packages/*,benchmarks,examples/report}/test/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/.docs/**', '**/*.workers.test.ts', 'tests/crash/**'],
          // Most of them wait for servers, and leave a core to others.
          maxWorkers: 3,
          // Real servers and large bodies, on machines that do other things besides.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          typecheck: {
            enabled: true,
            include: ['packages/*/test/**/*.test-d.ts', 'tests/**/*.test-d.ts'],
            checker: 'tsc',
            tsconfig: './tests/tsconfig.test-d.json',
          },
        },
      },
      {
        resolve: { conditions: onNode },
        ssr: { resolve: { conditions: onNode } },
        test: {
          name: 'crash',
          ...patience,
          include: ['tests/crash/**/*.test.ts'],
          // Processes that are killed and started again want the machine to themselves.
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './packages/workers/test/wrangler.jsonc' } })],
        resolve: { conditions: inWorkerd },
        ssr: { resolve: { conditions: inWorkerd } },
        test: {
          name: 'workers',
          ...patience,
          include: ['packages/workers/test/**/*.workers.test.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
})
