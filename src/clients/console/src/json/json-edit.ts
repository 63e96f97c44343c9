/**
 * Changes in a text of JSON that leave everything else as it was written: digits, order, spaces, escapes, and names that stand
 * twice.
 */
import { isNamed, parseJson, type JsonMember, type JsonNode } from './json-tree.ts';

/** How the names of fields are compared, and in which order new ones are put. */
export interface EditRules {
  /** Names in the order in which they are usually written. A new field comes after those that are before it here. */
  readonly order?: readonly string[];
  readonly ignoreCase?: boolean;
}

/** The text with this value, which is JSON itself, at a path of names below an object. Objects on the way are made. */
export function withValue(
  text: string,
  object: JsonNode,
  path: readonly string[],
  json: string,
  rules: EditRules = {},
): string {
  const [name = '', ...rest] = path;
  const found = object.get(name, rules.ignoreCase);
  if (found !== undefined && rest.length > 0 && found.kind === 'object')
    return withValue(text, found, rest, json);
  const value = rest.reduceRight((inner, each) => `{${JSON.stringify(each)}: ${inner}}`, json);
  if (found !== undefined) return replaced(text, found.from, found.to, value);
  return withNewMember(text, object, name, value, rules);
}

/** The text without the field at a path, however often it stands there. */
export function withoutValue(
  text: string,
  object: JsonNode,
  path: readonly string[],
  { ignoreCase = false }: EditRules = {},
): string {
  const [name = '', ...rest] = path;
  if (rest.length > 0) {
    const inner = object.get(name, ignoreCase);
    return inner === undefined ? text : withoutValue(text, inner, rest);
  }
  const { members } = object;
  const isCut = members.map((member) => isNamed(member.name, name, ignoreCase));
  if (isCut.every(Boolean)) return members.length === 0 ? text : replaced(text, object.from, object.to, '{}');
  const lastKept = isCut.lastIndexOf(false);
  // The last one goes first, so that the places of the others stay true.
  return members.reduceRight((left, member, index) => {
    if (isCut[index] !== true) return left;
    if (index < lastKept) return replaced(left, member.from, members[index + 1]?.from ?? member.from, '');
    return replaced(left, members[index - 1]?.value.to ?? member.from, member.value.to, '');
  }, text);
}

/** The text with one more event: what was one event becomes a list. */
export function withItem(text: string, root: JsonNode, json: string): string {
  const last = root.items.at(-1);
  if (root.kind !== 'list') return replaced(text, root.from, root.to, `[\n${root.text},\n${json}\n]`);
  if (last === undefined) return replaced(text, root.from, root.to, `[\n${json}\n]`);
  return replaced(text, last.to, last.to, `,\n${json}`);
}

/** The text without one item of a list. */
export function withoutItem(text: string, root: JsonNode, index: number): string {
  const { items } = root;
  const [before, item, after] = [items[index - 1], items[index], items[index + 1]];
  if (item === undefined) return text;
  if (after !== undefined) return replaced(text, item.from, after.from, '');
  if (before !== undefined) return replaced(text, before.to, item.to, '');
  return replaced(text, root.from, root.to, '[]');
}

function withNewMember(
  text: string,
  object: JsonNode,
  name: string,
  json: string,
  { order = [], ignoreCase = false }: EditRules,
): string {
  const { members } = object;
  const [first] = members;
  const rank = (written: string): number => order.findIndex((each) => isNamed(written, each, ignoreCase));
  const own = rank(name);
  const colon = first === undefined ? ': ' : colonOf(text, first);
  const member = `${JSON.stringify(name)}${colon}${json}`;
  if (first === undefined) return replaced(text, object.from, object.to, `{${member}}`);
  const before = members.findLast(({ name: each }) => own < 0 || (rank(each) >= 0 && rank(each) < own));
  const space = spaceBetween(text, object, members);
  if (before === undefined) return replaced(text, first.from, first.from, `${member},${space}`);
  return replaced(text, before.value.to, before.value.to, `,${space}${member}`);
}

/** What stands between a comma and the field after it. */
function spaceBetween(text: string, { from }: JsonNode, [first, second]: readonly JsonMember[]): string {
  if (first === undefined) return '';
  const between =
    second === undefined ? text.slice(from + 1, first.from) : text.slice(first.value.to, second.from);
  const space = between.replaceAll(',', '');
  return second === undefined && space === '' ? ' ' : space;
}

function colonOf(text: string, { from, value }: JsonMember): string {
  const [colon = ': '] = /\s*:\s*$/.exec(text.slice(from, value.from)) ?? [];
  return colon;
}

function replaced(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** The text with other spaces: each field on a line of its own, and the rest as it was written. */
export function indented(text: string): string {
  return lines(parseJson(text), '');
}

function lines(node: JsonNode, indent: string): string {
  const inner = `${indent}  `;
  if (node.members.length > 0) {
    const fields = node.members.map(
      ({ from, value }) =>
        `${inner}${node.whole.slice(from, value.from).replace(/\s*:\s*$/, '')}: ${lines(value, inner)}`,
    );
    return `{\n${fields.join(',\n')}\n${indent}}`;
  }
  if (node.items.length > 0)
    return `[\n${node.items.map((item) => inner + lines(item, inner)).join(',\n')}\n${indent}]`;
  if (node.kind === 'object') return '{}';
  return node.kind === 'list' ? '[]' : node.text;
}
