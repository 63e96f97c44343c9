import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/globalSetup.ts',
    pool: 'forks',
    testTimeout: 15_000,
    hookTimeout: 30_000,
    // What a test waits for comes at once, but for machines that are busy.
    expect: { poll: { timeout: 10_000 } },
  },
});
