import { globSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

/** What tells that a test starts processes of its own: a hub, a Redis, a browser. */
const STARTS_PROCESSES =
  /support\/(process|browser|redis-server|redis-groups)\.ts'|\/made\.ts'|startRedisServer|\/perform\.ts'|node:child_process/;

/** Faults, a thousand connections, what starts a process, and what measures this one. */
const slow = [
  'test/faults/**/*.test.ts',
  'test/e2e/fan-out.test.ts',
  'test/cost/**/*.test.ts',
  ...globSync('test/**/*.test.ts').filter((file) => STARTS_PROCESSES.test(readFileSync(file, 'utf8'))),
];

export default defineConfig({
  test: {
    globalSetup: 'test/support/globalSetup.ts',
    setupFiles: ['test/support/equality.ts'],
    pool: 'forks',
    testTimeout: 15_000,
    hookTimeout: 30_000,
    // What a test waits for comes at once, but for machines that are busy.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'slow',
          include: slow,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // What `npm run test:quick` runs. To import the hub anew for each file would take longer than the tests.
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...slow],
          setupFiles: ['test/support/runs.ts'],
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
