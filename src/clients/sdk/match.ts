import { partsMatch, partsOf, type PatternParts } from '../../model/pattern-parts.ts';
import { HubError } from './errors.ts';
import type { HubEvent } from './item.ts';

type Scalar = string | number | boolean | null;

/** Paths into the event, each with a value or a list of values. An event must match all of them. */
export type Filters = Readonly<Record<string, Scalar | readonly Scalar[]>>;

export interface ReadPattern {
  readonly text: string;
  readonly parts: PatternParts;
}

/** Parses a pattern. @throws HubError `pattern_invalid` */
export function readPattern(text: string): ReadPattern {
  const parts = partsOf(text);
  if (typeof parts === 'object') return { text, parts };
  throw new HubError(
    'pattern_invalid',
    `The pattern "${text}" is not usable: ${parts}. Expected type.action.key.`,
  );
}

/** Whether the hub would send the event to a subscription with these patterns and filters. */
export function matches(
  patterns: readonly ReadPattern[],
  filters: Filters | undefined,
  event: Pick<HubEvent, 'type' | 'action' | 'key'>,
): boolean {
  if (!patterns.some(({ parts }) => partsMatch(parts, event))) return false;
  for (const path in filters) {
    const wanted = filters[path];
    const value = valueAt(event, path);
    if (value === undefined || ![wanted].flat().includes(value as Scalar)) return false;
  }
  return true;
}

function valueAt(event: object, path: string): unknown {
  return path.split('.').reduce<unknown>(fieldOf, event);
}

function fieldOf(value: unknown, name: string): unknown {
  return value instanceof Object && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
