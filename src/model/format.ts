import { ExactNumber } from './exact-number.ts';
import { isFields, isObjectValue, fieldsOf, type Body, type Fields, type Json, type Value } from './json.ts';

/**
 * The format in which publishers write an event, as data. The hub reads by it, and so does the Redis function
 * belfry_publish, which is handed these very tables: what an event is cannot differ between the two.
 */
export interface Format {
  readonly name: string;
  /**
   * The root fields by which the format is recognised. First the format is looked for of which an event has all
   * (`whole`), in the order of the formats, and only then one of which it has enough (`partly`).
   */
  readonly whole: readonly string[];
  readonly partly?: readonly string[];
  /** The form of each field at the root. */
  readonly fields: Readonly<Record<string, Form>>;
  /** Whether an event may have other fields as well, which are passed over. */
  readonly isOpen: boolean;
  /** As Go reads: names in any case of their letters, and null as if the field were absent. */
  readonly asGo?: true;
  /** The field that becomes the object of the event. */
  readonly object: string;
  readonly topic: TopicRule;
}

/** The form of a value; `filled` is a text that is not empty, `?` says that the field may be absent. */
export type Form = FormName | `${FormName}?`;
export type FormName = 'text' | 'filled' | 'time' | 'object' | 'json';

export function isOptional(form: Form): boolean {
  return form.endsWith('?');
}

export function formName(form: Form): FormName {
  return form.replace('?', '') as FormName;
}

/** Where the type, action and key of an event stand. */
export type TopicRule =
  /** In fields of their own; the key may be absent, and is empty then. */
  | { readonly kind: 'fields'; readonly type: string; readonly action: string; readonly key: string }
  /** `<type>.<action>` in one field, split at the first dot; `key` is a field, or one of an object: `data.name`. */
  | { readonly kind: 'dotted'; readonly name: string; readonly key: string }
  /** By the name in one field; any other name is an action of the type `others`, with an empty key. */
  | {
      readonly kind: 'named';
      readonly name: string;
      readonly topics: Readonly<Record<string, NamedTopic>>;
      readonly others: string;
    };

export interface NamedTopic {
  readonly type: string;
  readonly action: string;
  /** The field that holds the key, as `data.task_id`: a text or a number. Absent: the key is empty. */
  readonly key?: string;
}

/** The format that an event is written in, as its fields show it; `undefined` when they show none. */
export function formatOf<Known extends Format>(body: Body, formats: readonly Known[]): Known | undefined {
  if (!isFields(body)) return undefined;
  const isShown = (fields: readonly string[] | undefined): boolean =>
    fields?.every((path) => fieldAt(body, path) !== undefined) ?? false;
  return formats.find(({ whole }) => isShown(whole)) ?? formats.find(({ partly }) => isShown(partly));
}

/** The value of a root field, or with a dot of a field in it; `undefined` when there is none. */
export function fieldAt(body: Fields, path: string): Value | undefined {
  const dot = path.indexOf('.');
  const [first, second] = dot < 0 ? [path, ''] : [path.slice(0, dot), path.slice(dot + 1)];
  const value = Object.hasOwn(body, first) ? body[first] : undefined;
  if (dot < 0) return value;
  if (!isObjectValue(value)) return undefined;
  const fields = fieldsOf(value);
  return Object.hasOwn(fields, second) ? fields[second] : undefined;
}

/** A value as the key of an event: a text as it is, and a number as it is written; anything else makes no key. */
export function keyOf(value: Json | undefined): string {
  const isKey = typeof value === 'string' || typeof value === 'number' || value instanceof ExactNumber;
  return isKey ? String(value) : '';
}
