import { readdirSync, readFileSync } from 'node:fs';
import { describeConfig, loadConfig } from '../../src/config/config.ts';
import { allBounds, type Bound } from '../../src/model/bound.ts';

const SRC = new URL('../../src/', import.meta.url);

/** Where the page stands. */
export const BOUNDS_PAGE = new URL('docs/reference/bounds.md', SRC);

/** A process of their own: to load it would start one. */
const ENTRY = 'main.ts';

/** Every module of the hub, which declares its bounds when it is loaded. */
export function hubModules(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== ENTRY && !file.startsWith('clients/'))
    .toSorted();
}

export function luaFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.lua'));
}

export const sourceOf = (file: string): string => readFileSync(new URL(file, SRC), 'utf8');

/** The page "every bound and what happens at it", made of what the modules declare and what the settings say. */
export async function boundsPage(): Promise<string> {
  // One after the other: two that need a third at the same time can load it twice, and it would declare its bounds twice.
  for (const file of hubModules()) await import(new URL(file, SRC).href);
  const bounds = allBounds().map(
    ({ of, max, unit, fate }) => `| ${of} | ${amount({ max, unit })} | ${fate} |`,
  );
  const settings = describeConfig(loadConfig({}))
    .filter(({ value }) => /^\d+(?:\.\d+)?$/.test(value))
    .map(({ name, value, description }) => `| \`${name}\` | ${grouped(Number(value))} | ${description} |`);
  return [
    '# Every bound, and what happens at it',
    '',
    'After reading this page you know what can grow in a hub, how far, and what happens there.',
    '',
    'This page is made from the source: `npm run docs` writes it anew.',
    '',
    '## Bounds that settings change',
    '',
    '| setting | default | meaning |',
    '|---|---|---|',
    ...settings,
    '',
    '## Bounds that nothing changes',
    '',
    '| what is bounded | at most | what happens there |',
    '|---|---|---|',
    ...bounds,
    '',
  ].join('\n');
}

const SIZES = [
  [1_048_576, 'MiB'],
  [1_024, 'KiB'],
] as const;
const TIMES = [
  [86_400_000, 'days'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** In the largest unit in which it is a whole number. */
function amount({ max, unit }: Pick<Bound, 'max' | 'unit'>): string {
  const units = unit === 'bytes' ? SIZES : unit === 'ms' ? TIMES : [];
  const [size, name] = units.find(([each]) => max >= each && max % each === 0) ?? [1, unit];
  return `${grouped(max / size)}${name === 'entries' ? '' : ` ${name}`}`;
}

function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
