import { existsSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';

const ROOT = new URL('../../', import.meta.url);

export const exists = (path: string): boolean => existsSync(new URL(path, ROOT));
export const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
export const readYaml = (path: string): unknown => parse(read(path), { merge: true });
export const allYaml = (text: string): unknown[] =>
  parseAllDocuments(text).map((document) => document.toJS() as unknown);

/** Replaces `${NAME:-default}` by the default, as compose does when the variable is not set. */
export function withDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

/** The milliseconds of a duration such as `30s`. */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  return Number(count) * (unit === 'm' ? 60_000 : unit === 's' ? 1_000 : 1);
}

/** How long a node may take to end, if every wait of its drain lasts as long as possible. */
export function drainMs(): number {
  const waits = describeConfig(loadConfig({})).filter(({ name }) => /^BELFRY_DRAIN_\w+_MS$/.test(name));
  return waits.reduce((sum, { value }) => sum + Number(value), 0);
}
