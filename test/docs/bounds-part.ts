import { readdirSync, readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { allBounds } from '../../src/model/bound.ts';
import { amount, grouped } from './tables.ts';

const SRC = new URL('../../src/', import.meta.url);

/** This module is the entry of a process, which loading it would start. */
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

/** Every bound with what happens when it is reached, from the modules and the settings. */
export async function boundsPart(): Promise<string> {
  // Modules are loaded one after another. Two at once could load a third twice, which would declare its bounds twice.
  for (const file of hubModules()) await import(new URL(file, SRC).href);
  const bounds = allBounds().map(({ of, max, unit, fate }) => `| ${of} | ${amount(max, unit)} | ${fate} |`);
  const settings = describeConfig(loadConfig({}))
    .filter(({ value }) => /^\d+(?:\.\d+)?$/.test(value))
    .map(({ name, value, description }) => `| \`${name}\` | ${grouped(Number(value))} | ${description} |`);
  return [
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
