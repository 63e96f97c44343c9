import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What tells that a test starts processes of its own: a hub, a Redis, a browser. */
const STARTS_PROCESSES =
  /support\/(process|browser|redis-server|redis-groups)\.ts'|\/made\.ts'|startRedisServer|\/(processes|manifests)\.ts'|node:child_process/;

/** What measures the time and memory of its own process, and so needs the machine for itself. */
const alone = ['test/cost/**/*.test.ts'];

/** Faults, a thousand connections, and what starts a process. */
const slow = [
  'test/faults/**/*.test.ts',
  'test/e2e/fan-out.test.ts',
  ...globSync('test/**/*.test.ts').filter((file) => STARTS_PROCESSES.test(readFileSync(file, 'utf8'))),
];

const LONG = /(faults\/short|bench\/stage)\.test\.ts$/;
const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);

/** The files that take longest come first. Vitest puts large files first, and these are short. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files.filter((file) => !isLong(file))); // oxlint-disable-line no-array-sort -- it is no array
    return [...files.filter(isLong), ...others];
  }
}

const source = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      // The console imports the client by its name, as every page does.
      { find: '@belfry/client/react', replacement: source('src/clients/sdk/react.ts') },
      { find: '@belfry/client', replacement: source('src/clients/sdk/index.ts') },
    ],
  },
  test: {
    sequence: { sequencer: LongestFirst },
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
          name: 'alone',
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // These tests wait for other processes most of the time, so two of them share two cores well.
        extends: true,
        test: {
          name: 'slow',
          include: slow,
          exclude: [...configDefaults.exclude, ...alone],
          maxWorkers: 2,
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // What `npm run test:quick` runs. To import the hub anew for each file would take longer than the tests.
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...alone, ...slow],
          setupFiles: ['test/support/runs.ts'],
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
