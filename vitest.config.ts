import { globSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

/** What tells that a test starts processes of its own: a hub, a Redis, a browser. */
const STARTS_PROCESSES =
  /support\/(process|redis-server|redis-groups)\.ts'|startRedisServer|node:child_process/;

/** Left out by `npm run test:quick`: faults, and whatever starts a process. */
function slowTests(): string[] {
  const found = globSync('test/**/*.test.ts').filter((file) =>
    STARTS_PROCESSES.test(readFileSync(file, 'utf8')),
  );
  return ['test/faults/**', ...found];
}

export default defineConfig(({ mode }) => ({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(mode === 'quick' ? slowTests() : [])],
    globalSetup: 'test/support/globalSetup.ts',
    setupFiles: 'test/support/equality.ts',
    pool: 'forks',
    testTimeout: 15_000,
    hookTimeout: 30_000,
    // What a test waits for comes at once, but for machines that are busy.
    expect: { poll: { timeout: 10_000 } },
  },
}));
