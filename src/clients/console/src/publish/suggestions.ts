import type { Choice, Complete } from '../editor/completion.ts';
import { isNamed } from '../json/json-tree.ts';
import type { FormField } from '../schema/form-fields.ts';

/** A type and an action that the nodes have heard, as `/topics` answers. */
export interface HeardTopic {
  readonly type: string;
  readonly action: string;
}

/** What may stand in a text field: what is usual, and what the hub has heard. `type` is the type of the same event. */
export function suggestionsFor(
  field: FormField,
  topics: readonly HeardTopic[],
  type: string | undefined,
): readonly string[] {
  const { path, examples, isDotted } = field;
  const name = path.length === 1 ? path[0]?.toLowerCase() : undefined;
  const ofType = topics.filter((topic) => topic.type === type);
  const heard = ((): readonly string[] => {
    if (isDotted) return topics.map((topic) => `${topic.type}.${topic.action}`);
    if (name === 'type') return topics.map((topic) => topic.type);
    return name === 'action' ? (ofType.length > 0 ? ofType : topics).map(({ action }) => action) : [];
  })();
  return [...new Set([...examples, ...heard])];
}

/** What the editor offers while somebody types a name or a value. */
export function completionOf(
  fields: readonly FormField[],
  topics: readonly HeardTopic[],
  ignoreCase: boolean,
): Complete {
  return ({ isName, path, siblings }) => {
    if (isName) return namesWithin(fields, path, siblings);
    const field = fields.find(
      (each) =>
        each.path.length === path.length &&
        each.path.every((name, index) => isNamed(path[index] ?? '', name, ignoreCase)),
    );
    if (field === undefined) return [];
    const type = Object.entries(siblings).find(([name]) => isNamed(name, 'type', ignoreCase))?.[1];
    const choices = field.choices.filter((choice) => choice.startsWith('"'));
    return [
      ...choices.map((choice) => JSON.parse(choice) as string),
      ...suggestionsFor(field, topics, type),
    ].map((text) => ({ text }));
  };
}

function namesWithin(
  fields: readonly FormField[],
  path: readonly string[],
  siblings: Readonly<Record<string, string>>,
): readonly Choice[] {
  return fields
    .filter(
      (field) => field.path.length === path.length + 1 && path.every((name, i) => field.path[i] === name),
    )
    .map(({ path: own, isRequired }) => ({ name: own.at(-1) ?? '', isRequired }))
    .filter(({ name }) => !Object.hasOwn(siblings, name))
    .map(({ name, isRequired }) => ({ text: name, ...(isRequired && { detail: 'required' }) }));
}
