import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DISTURBED, machine, othersFromNow } from './machine.ts';

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
  /** The share of the machine that other processes used meanwhile. */
  readonly othersUsed: number;
  readonly date: string;
  readonly version: string;
  /** The digest of the hub that was measured: see {@link hubDigest}. */
  readonly hub: string;
  readonly figures: T;
}

/** From now on a run is measured. The returned function writes its figures into the documentation, once all processes of the run have ended. */
export function beginRecord(name: RecordName, script: string): (figures: unknown) => void {
  const othersUsed = othersFromNow();
  return (figures) => writeRecord(name, script, othersUsed(), figures);
}

function writeRecord(name: RecordName, script: string, othersUsed: number, figures: unknown): void {
  const recorded: Recorded<unknown> = {
    command: ['npm run', script, '--', ...process.argv.slice(2).map(quoted)].join(' '),
    machine: machine(),
    othersUsed,
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

/**
 * Why the records may not go out with this checkout: they are of another version, of other code, of a machine that others
 * used, or of a part of what `npm run levels` measures.
 */
export function unfitRecords(): string[] {
  const [version, hub, levels] = [packageVersion(), hubDigest(), manifest().scripts.levels];
  return RECORDED.flatMap((name) => {
    const recorded = readRecord(name);
    const reasons = [
      ...(recorded.version === version && recorded.hub === hub
        ? []
        : [`it is of ${recorded.version}, code ${recorded.hub}, and not of ${version}, code ${hub}`]),
      ...(isDisturbed(recorded)
        ? [`others used ${Math.round(recorded.othersUsed * 100)} % of the machine`]
        : []),
      ...(levels.includes(recorded.command.replace('npm run ', ''))
        ? []
        : ['`npm run levels` has another command']),
    ];
    return reasons.length === 0 ? [] : [`${name}: ${reasons.join('; ')} (${recorded.command})`];
  });
}

/** Whether other processes used the machine meanwhile, so that the hub can do better than the figures say. */
export function isDisturbed({ othersUsed }: Pick<Recorded<unknown>, 'othersUsed'>): boolean {
  return othersUsed > DISTURBED;
}

export function packageVersion(): string {
  return manifest().version;
}

function manifest(): { readonly version: string; readonly scripts: { readonly levels: string } } {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as ReturnType<typeof manifest>;
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
