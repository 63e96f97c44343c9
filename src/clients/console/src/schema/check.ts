import { isRfc3339 } from '../../../../model/time.ts';
import type { Fault } from '../json/json-fault.ts';
import { isNamed, type JsonNode } from '../json/json-tree.ts';
import { resolved, type Definitions, type JsonSchema } from './json-schema.ts';

/** What does not fit a schema, and where. */
export interface Misfit extends Fault {
  /** The names and positions that lead to the value. */
  readonly path: readonly string[];
}

/** All that does not fit the schema, in the order in which it stands in the text. */
export function misfits(
  node: JsonNode,
  schema: JsonSchema,
  definitions: Definitions,
  path: readonly string[] = [],
): readonly Misfit[] {
  const means = resolved(schema, definitions);
  const { anyOf } = means;
  const ofAll = [...valueMisfits(node, means, path), ...innerMisfits(node, means, definitions, path)];
  if (anyOf === undefined) return ofAll;
  const ofEach = anyOf.map((each) => misfits(node, each, definitions, path));
  // What fits one of them fits. If none does, the nearest one says most about what was meant.
  const nearest = ofEach.toSorted((one, other) => one.length - other.length)[0] ?? [];
  return [...ofAll, ...nearest];
}

function valueMisfits(node: JsonNode, schema: JsonSchema, path: readonly string[]): Misfit[] {
  const say = (message: string): Misfit => ({ path, from: node.from, to: node.to, message });
  const { type, enum: choices, const: only } = schema;
  if (type !== undefined && ![type].flat().some((each) => isOfType(node, each)))
    return [say(`Expected ${[type].flat().map(withArticle).join(' or ')}.`)];
  const allowed = choices ?? (Object.hasOwn(schema, 'const') ? [only] : undefined);
  if (allowed !== undefined && !allowed.some((each) => isSame(node, each)))
    return [say(`Expected ${allowed.map((each) => JSON.stringify(each)).join(' or ')}.`)];
  const { string } = node;
  if (string !== undefined) return stringMisfits(string, schema).map(say);
  if (node.kind === 'number') return numberMisfits(Number(node.text), schema).map(say);
  const { minItems = 0, maxItems = Infinity } = schema;
  if (node.kind === 'list' && (node.items.length < minItems || node.items.length > maxItems))
    return [say(`There are ${node.items.length}. Expected ${minItems} to ${maxItems}.`)];
  return [];
}

function stringMisfits(text: string, { minLength = 0, maxLength, pattern, format }: JsonSchema): string[] {
  const length = Array.from(text).length;
  if (length < minLength)
    return [minLength === 1 ? 'It is empty.' : `Expected at least ${minLength} characters.`];
  if (maxLength !== undefined && length > maxLength) return [`Expected at most ${maxLength} characters.`];
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text)) return [patternMessage(pattern)];
  if (format === 'date-time' && !isRfc3339(text))
    return ['Expected a time in the format of RFC 3339, such as 2026-01-15T10:30:00Z.'];
  return [];
}

/** Two parts with a dot between them are said in words, since it is what most formats ask for. */
export function patternMessage(pattern: string): string {
  return isDotted(pattern)
    ? 'Expected a type and an action with a dot between them.'
    : `Expected what matches ${pattern}.`;
}

/** Whether a pattern asks for `<type>.<action>`. */
export function isDotted(pattern: string): boolean {
  return pattern.startsWith('^[^.]+\\.');
}

function numberMisfits(value: number, { minimum = -Infinity, maximum = Infinity }: JsonSchema): string[] {
  if (value < minimum) return [`Expected at least ${minimum}.`];
  return value > maximum ? [`Expected at most ${maximum}.`] : [];
}

function innerMisfits(
  node: JsonNode,
  schema: JsonSchema,
  definitions: Definitions,
  path: readonly string[],
): Misfit[] {
  if (node.kind === 'list' && schema.items !== undefined) {
    const { items } = schema;
    return node.items.flatMap((item, index) => misfits(item, items, definitions, [...path, `${index}`]));
  }
  return node.kind === 'object' ? memberMisfits(node, schema, definitions, path) : [];
}

function memberMisfits(
  node: JsonNode,
  schema: JsonSchema,
  definitions: Definitions,
  path: readonly string[],
): Misfit[] {
  const {
    properties = {},
    required = [],
    additionalProperties = true,
    'x-ignore-case': ignoreCase = false,
  } = schema;
  const names = Object.keys(properties);
  const missing = required.filter((name) => node.get(name, ignoreCase) === undefined);
  const absent = missing.map((name): Misfit => {
    const { from } = node;
    return { path: [...path, name], from, to: from + 1, message: `The field ${name} is missing.` };
  });
  const found = node.members.flatMap(({ name, from, value }): readonly Misfit[] => {
    const known = names.find((each) => isNamed(name, each, ignoreCase));
    const inner = known === undefined ? additionalProperties : properties[known];
    if (inner === false) {
      const message = `There is no field ${name}. Expected ${names.join(', ')}.`;
      return [{ path: [...path, name], from, to: value.to, message }];
    }
    return typeof inner === 'object' ? misfits(value, inner, definitions, [...path, known ?? name]) : [];
  });
  return [...absent, ...found];
}

function isOfType(node: JsonNode, type: string): boolean {
  if (type === 'array') return node.kind === 'list';
  if (type === 'integer') return node.kind === 'number' && Number.isInteger(Number(node.text));
  return node.kind === type;
}

function isSame(node: JsonNode, value: unknown): boolean {
  if (node.kind === 'object' || node.kind === 'list') return false;
  return JSON.parse(node.text) === value;
}

function withArticle(type: string): string {
  if (type === 'null') return type;
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}
