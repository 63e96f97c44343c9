import { holds, partsMatch, partsOf, type PatternParts } from '../../../../model/pattern-parts.ts';
import type { LoggedEvent } from './explanation.ts';

const PARTS = ['type', 'action', 'key'] as const;
type Part = (typeof PARTS)[number];
export type Topic = Pick<LoggedEvent, Part>;

export interface Near {
  readonly pattern: string;
  /** The parts that do not match. */
  readonly differs: readonly Part[];
}

/** The pattern that comes nearest to a topic: the one of which most parts match, the type first. Absent if none does in any. */
export function nearestPattern(patterns: readonly string[], topic: Topic): Near | undefined {
  let best: { readonly near: Near; readonly score: number } | undefined;
  for (const pattern of patterns) {
    const parts = partsOf(pattern);
    if (typeof parts === 'string' || partsMatch(parts, topic)) continue;
    const differs = differing(parts, topic);
    const score = (3 - differs.length) * 2 + (differs.includes('type') ? 0 : 1);
    if (differs.length < 3 && score > (best?.score ?? 0)) best = { near: { pattern, differs }, score };
  }
  return best?.near;
}

function differing(parts: PatternParts, topic: Topic): Part[] {
  return PARTS.filter((name, index) => !holds(parts[index] ?? [], topic[name]));
}

/** "the action and the key" */
export function partsText(parts: readonly string[]): string {
  return parts.map((part) => `the ${part}`).join(' and ');
}
