import { kindOf, sourceOf, stringOf, visitChildren, type JsonPath, type RawValue } from '../json/raw-json.ts';

/** One path at which two values differ. Both sides are JSON, as it is written; an absent side has no value there. */
export interface Change {
  readonly path: JsonPath;
  readonly before: RawValue | undefined;
  readonly after: RawValue | undefined;
}

/**
 * The paths at which two JSON values differ, in the order of the later one, at most `max`. Numbers are compared as they are
 * written, so that no digit is overlooked.
 */
export function diffJson(before: RawValue | undefined, after: RawValue | undefined, max: number): Change[] {
  const changes: Change[] = [];
  compare(before, after, [], changes, max);
  return changes;
}

function compare(
  before: RawValue | undefined,
  after: RawValue | undefined,
  path: JsonPath,
  changes: Change[],
  max: number,
): void {
  if (changes.length >= max || isEqual(before, after)) return;
  if (before === undefined || after === undefined || !haveChildren(before, after)) {
    changes.push({ path, before, after });
    return;
  }
  const [old, now] = [childrenOf(before), childrenOf(after)];
  for (const [name, child] of now) compare(old.get(name), child, [...path, name], changes, max);
  for (const [name, child] of old)
    if (!now.has(name)) compare(child, undefined, [...path, name], changes, max);
}

function isEqual(before: RawValue | undefined, after: RawValue | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (sourceOf(before) === sourceOf(after)) return true;
  return kindOf(before) === 'string' && kindOf(after) === 'string' && stringOf(before) === stringOf(after);
}

function haveChildren(before: RawValue, after: RawValue): boolean {
  const kind = kindOf(before);
  return kind === kindOf(after) && (kind === 'object' || kind === 'list');
}

function childrenOf(value: RawValue): Map<string, RawValue> {
  const children = new Map<string, RawValue>();
  visitChildren(value, (name, child) => void children.set(name, child));
  return children;
}
