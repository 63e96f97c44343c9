import { partsMatch, partsOf, type Topic } from '../../../../model/pattern-parts.ts';
import { jsonIn, type JsonNode } from '../json/json-tree.ts';
import { nodeAt, type FormField } from '../schema/form-fields.ts';
import type { Me } from '../session/me.ts';

/** Names of fields that say nothing about what an event is about. */
const ASIDE = /^(?:id|principal)$/i;

/** The texts that name an event, in their order: its type, its action, its key. What is absent is left out. */
function namesOf(event: JsonNode, fields: readonly FormField[], ignoreCase: boolean): readonly string[] {
  return fields
    .filter(({ kind, path }) => (kind === 'string' || kind === 'choice') && !ASIDE.test(path[0] ?? ''))
    .flatMap(({ path }) => nodeAt(event, path, ignoreCase)?.string ?? []);
}

/** What an event is called in a list. */
export function titleOf(event: JsonNode, fields: readonly FormField[], ignoreCase: boolean): string {
  return namesOf(event, fields, ignoreCase).join('.');
}

/** What the events of a text are called. */
export function titlesIn(text: string, fields: readonly FormField[], ignoreCase: boolean): readonly string[] {
  const root = jsonIn(text);
  if (root === undefined) return [];
  return (root.kind === 'list' ? root.items : [root]).map((event) => titleOf(event, fields, ignoreCase));
}

/** The topic of an event, where its fields show it: formats that name it otherwise are left to the hub. */
export function topicOf(
  event: JsonNode,
  fields: readonly FormField[],
  ignoreCase: boolean,
): Topic | undefined {
  const names = namesOf(event, fields, ignoreCase);
  const [first = '', second, third = ''] = names;
  const dot = first.indexOf('.');
  if (fields.some(({ isDotted }) => isDotted))
    return dot < 1
      ? undefined
      : { type: first.slice(0, dot), action: first.slice(dot + 1), key: second ?? '' };
  return first === '' || second === undefined || second === ''
    ? undefined
    : { type: first, action: second, key: third };
}

/** Whether the signed-in may publish an event of this topic. */
export function mayPublishTopic({ publish }: Me, topic: Topic): boolean {
  return publish.some((grant) => {
    const parts = partsOf(grant);
    return typeof parts === 'object' && partsMatch(parts, topic);
  });
}
