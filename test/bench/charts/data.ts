import { readFileSync } from 'node:fs';
import type { Series } from './svg.ts';

/** Where the documentation has its charts. */
export const FOLDER = new URL('../../../src/docs/reference/growth/', import.meta.url);
export const DATA = new URL('growth.json', FOLDER);

/** The figures of all charts, of which the documentation makes tables. */
export type GrowthData = Record<string, { readonly caption: string; readonly series: readonly Series[] }>;

export function readGrowth(): GrowthData {
  try {
    return JSON.parse(readFileSync(DATA, 'utf8')) as GrowthData;
  } catch {
    return {};
  }
}
