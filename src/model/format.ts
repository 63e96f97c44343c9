import { ExactNumber } from './exact-number.ts';
import type { AttributeForm } from './attribute-forms.ts';
import { isFields, isObjectValue, fieldsOf, type Body, type Fields, type Json, type Value } from './json.ts';

/**
 * A format in which publishers write events, as data. The hub and the Redis function belfry_publish both read events
 * by these tables, so they always agree on what an event is.
 */
export interface Format {
  /**
   * The root fields by which the format is recognised. The first format of which an event has all fields in `whole`
   * wins; only when there is none, the first of which it has all fields in `partly`.
   */
  readonly whole: readonly string[];
  readonly partly?: readonly string[];
  /** The form of each field at the root. */
  readonly fields: Readonly<Record<string, Form>>;
  /** Whether an event may have other fields as well. They are ignored, unless `others` says which form they have. */
  readonly isOpen: boolean;
  readonly others?: FormName;
  /** Whether fields are read as Go does: the case of letters does not matter, and null counts as absent. */
  readonly asGo?: true;
  /** Whether a field that holds null counts as absent. */
  readonly skipsNull?: true;
  /** The field that becomes the object of the event. */
  readonly object: string;
  /** Another field that may hold the object instead. An event with both is refused. */
  readonly otherObject?: string;
  /** Fields whose texts are the JSON of a value of the event, by the name of that value. */
  readonly texts?: Readonly<Record<string, 'original' | 'metadata'>>;
  /** The field of the metadata in which all fields stand that have no other place in the event. */
  readonly restIn?: string;
  readonly topic: TopicRule;
}

/** The form of a value; `?` means that the field may be absent. */
export type Form = FormName | `${FormName}?`;
export type FormName = PlainForm | AttributeForm;
/** `filled` is a text that is not empty. */
export type PlainForm = 'text' | 'filled' | 'time' | 'object' | 'json';

export function isOptional(form: Form): boolean {
  return form.endsWith('?');
}

export function formName<Name extends FormName>(form: Name | `${Name}?`): Name {
  return form.replace('?', '') as Name;
}

/** How the type, action and key of an event are found. */
export type TopicRule =
  /** Each has a field of its own; an absent key is empty. */
  | { readonly kind: 'fields'; readonly type: string; readonly action: string; readonly key: string }
  /**
   * One field holds `<type>.<action>`, split at the first dot; `key` is a field, or a field of an object like
   * `data.name`.
   */
  | { readonly kind: 'dotted'; readonly name: string; readonly key: string }
  /**
   * One field holds a name like `com.example.deploy.step`, whose last two parts are type and action, see
   * {@link qualifiedTopic}; `key` is a field. The fields of `own` take precedence where an event has them.
   */
  | {
      readonly kind: 'qualified';
      readonly name: string;
      readonly key: string;
      readonly own: Readonly<Record<'type' | 'action' | 'key', string>>;
      /** The action of a name that has one part only. */
      readonly lone: string;
    }
  /** The name in one field decides; any other name becomes an action of the type `others`, with an empty key. */
  | {
      readonly kind: 'named';
      readonly name: string;
      readonly topics: Readonly<Record<string, NamedTopic>>;
      readonly others: string;
    };

export interface NamedTopic {
  readonly type: string;
  readonly action: string;
  /** The field that holds the key, like `data.task_id`, a text or a number. When it is absent, the key is empty. */
  readonly key?: string;
}

/** The format of an event, recognised by its fields; `undefined` when it is in no known format. */
export function formatOf(body: Body, formats: readonly Format[]): Format | undefined {
  if (!isFields(body)) return undefined;
  const isShown = (fields: readonly string[] | undefined): boolean =>
    fields?.every((path) => fieldAt(body, path) !== undefined) ?? false;
  return formats.find(({ whole }) => isShown(whole)) ?? formats.find(({ partly }) => isShown(partly));
}

/** The value of a root field, or with a dot of a field within it; `undefined` when there is none. */
export function fieldAt(body: Fields, path: string): Value | undefined {
  const dot = path.indexOf('.');
  const [first, second] = dot < 0 ? [path, ''] : [path.slice(0, dot), path.slice(dot + 1)];
  const value = Object.hasOwn(body, first) ? body[first] : undefined;
  if (dot < 0) return value;
  if (!isObjectValue(value)) return undefined;
  const fields = fieldsOf(value);
  return Object.hasOwn(fields, second) ? fields[second] : undefined;
}

/** A value as the key of an event: a text as it is, a number as it is written; anything else gives an empty key. */
export function keyOf(value: Json | undefined): string {
  const isKey = typeof value === 'string' || typeof value === 'number' || value instanceof ExactNumber;
  return isKey ? String(value) : '';
}

/** A part of a qualified name that is a version, such as `v1`, `v2beta1` or the parts of `1.0.2`. */
const VERSION = /^v?\d+$|^v\d+[a-z]+\d+$/;

/**
 * The type and the action in a qualified name like `com.example.deploy.step`: its last two parts, versions left out. A name
 * with a single part is the type, and the action is `lone`. event-fields.lua finds the same.
 */
export function qualifiedTopic(
  name: string,
  lone: string,
): { readonly type: string; readonly action: string } {
  const parts = name.split('.').filter((part) => part !== '' && !VERSION.test(part));
  const [last = name, before] = [parts.at(-1), parts.at(-2)];
  return before === undefined ? { type: last, action: lone } : { type: before, action: last };
}
