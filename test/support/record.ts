import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'src/docs/reference/service-levels');

/** The figures that `npm run bench -- --record` writes. */
export const RECORDED_BY_BENCH = ['latency', 'throughput'] as const;
export type RecordedByBench = (typeof RECORDED_BY_BENCH)[number];
/** All figures that the documentation keeps. `npm run test:faults -- --record` writes the recovery. */
export const RECORDED = [...RECORDED_BY_BENCH, 'recovery'] as const;
export type RecordName = (typeof RECORDED)[number];

/** Figures, and all that one must know to measure them again. */
export interface Recorded<T> {
  readonly command: string;
  readonly machine: string;
  /** How many processes wanted a core when the run began. On an idle machine it is nearly 0. */
  readonly loadBefore: number;
  readonly date: string;
  readonly version: string;
  /** The digest of the hub that was measured: see {@link hubDigest}. */
  readonly hub: string;
  readonly figures: T;
}

const loadBefore = Number((loadavg()[0] ?? 0).toFixed(1));

/** Writes the figures of this run into the documentation. */
export function writeRecord(name: RecordName, script: string, figures: unknown): void {
  const recorded: Recorded<unknown> = {
    command: ['npm run', script, '--', ...process.argv.slice(2).map(quoted)].join(' '),
    machine: machine(),
    loadBefore,
    date: new Date().toISOString().slice(0, 10),
    version: packageVersion(),
    hub: hubDigest(),
    figures,
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
}

export function readRecord<T>(name: RecordName): Recorded<T> {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Recorded<T>;
}

/** The records that were made of another version or of other code of the hub than those of this checkout. */
export function staleRecords(): string[] {
  const [version, hub] = [packageVersion(), hubDigest()];
  return RECORDED.flatMap((name) => {
    const recorded = readRecord(name);
    if (recorded.version === version && recorded.hub === hub) return [];
    return `${name} is of ${recorded.version}, code ${recorded.hub}, and not of ${version}, code ${hub}: ${recorded.command}`;
  });
}

export function machine(): string {
  const [redis = ''] = spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout.split(' sha');
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${memory} GiB; Node ${process.versions.node}; ${redis.trim()}`;
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

/** What a node does not run while it serves events. */
const NOT_THE_HUB = /^(docs|clients)\//;

/** It changes with every change of the code of the hub, and with no change of its documentation or of its clients. */
export function hubDigest(): string {
  const hash = createHash('sha256');
  const source = join(ROOT, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.(ts|lua)$/.test(file) && !NOT_THE_HUB.test(file));
  for (const file of files.toSorted())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(source, file)));
  return hash.digest('hex').slice(0, 12);
}

function quoted(argument: string): string {
  return /^[\w.,:/-]+$/.test(argument) ? argument : `'${argument}'`;
}
