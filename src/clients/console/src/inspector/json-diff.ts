import type { JsonPath } from '../json/json-path.ts';
import type { JsonNode } from '../json/json-tree.ts';

/** One path at which two values differ. Both sides are JSON, as it is written; an absent side has no value there. */
export interface Change {
  readonly path: JsonPath;
  readonly before: JsonNode | undefined;
  readonly after: JsonNode | undefined;
}

/**
 * The paths at which two JSON values differ, in the order of the later one, at most `max`. Numbers are compared as they are
 * written, so that no digit is overlooked.
 */
export function diffJson(before: JsonNode | undefined, after: JsonNode | undefined, max: number): Change[] {
  const changes: Change[] = [];
  compare(before, after, [], changes, max);
  return changes;
}

function compare(
  before: JsonNode | undefined,
  after: JsonNode | undefined,
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

function isEqual(before: JsonNode | undefined, after: JsonNode | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (before.text === after.text) return true;
  return before.string !== undefined && before.string === after.string;
}

function haveChildren(before: JsonNode, after: JsonNode): boolean {
  const { kind } = before;
  return kind === after.kind && (kind === 'object' || kind === 'list');
}

function childrenOf(value: JsonNode): Map<string, JsonNode> {
  const children = new Map<string, JsonNode>();
  value.visit(({ name, value: child }) => void children.set(name, child));
  return children;
}
