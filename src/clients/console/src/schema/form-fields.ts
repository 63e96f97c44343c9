/** A form is made of the schema that the hub serves, so that it has the fields that this hub takes. */
import type { JsonNode } from '../json/json-tree.ts';
import { isDotted } from './check.ts';
import { resolved, typesOf, withoutNull, type Definitions, type JsonSchema } from './json-schema.ts';

export type FieldKind = 'string' | 'time' | 'choice' | 'number' | 'json';

/** One field of a form. */
export interface FormField {
  /** The names that lead to it, below the event. */
  readonly path: readonly string[];
  readonly kind: FieldKind;
  readonly isRequired: boolean;
  readonly description?: string | undefined;
  /** The values from which one is chosen, as JSON. */
  readonly choices: readonly string[];
  /** Values that are usual, for a field that takes others as well. */
  readonly examples: readonly string[];
  /** Whether the text is `<type>.<action>`. */
  readonly isDotted: boolean;
}

/** The fields of an object. Those within an object that names some of its own come after it. */
export function fieldsOf(
  schema: JsonSchema,
  definitions: Definitions,
  path: readonly string[] = [],
): readonly FormField[] {
  const { properties = {}, required = [] } = resolved(schema, definitions);
  return Object.entries(properties).flatMap(([name, property]) => {
    const means = withoutNull(resolved(property, definitions));
    const own = fieldOf(means, [...path, name], required.includes(name));
    return [own, ...(means.properties === undefined ? [] : fieldsOf(means, definitions, own.path))];
  });
}

function fieldOf(schema: JsonSchema, path: readonly string[], isRequired: boolean): FormField {
  const { description, examples = [], pattern = '' } = schema;
  const choices = choicesOf(schema);
  return {
    path,
    kind: choices.length > 0 ? 'choice' : kindOf(schema),
    isRequired,
    description,
    choices,
    examples: examples.filter((example) => typeof example === 'string'),
    isDotted: isDotted(pattern),
  };
}

function choicesOf({ enum: choices, type }: JsonSchema): readonly string[] {
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice));
  return type === 'boolean' ? ['true', 'false'] : [];
}

function kindOf(schema: JsonSchema): FieldKind {
  const types = typesOf(schema);
  const [type] = types;
  if (types.length !== 1) return 'json';
  if (type === 'string') return schema.format === 'date-time' ? 'time' : 'string';
  return type === 'number' || type === 'integer' ? 'number' : 'json';
}

/** Where a field stands in an event, or `undefined` while it is absent. */
export function nodeAt(event: JsonNode, path: readonly string[], ignoreCase = false): JsonNode | undefined {
  const [name = '', ...rest] = path;
  const found = event.get(name, ignoreCase);
  return found === undefined || rest.length === 0 ? found : nodeAt(found, rest);
}

/** An event to begin with: all that is required, and what the schema gives a default. */
export function templateOf(schema: JsonSchema, definitions: Definitions, indent = ''): string {
  const { properties = {}, required = [] } = resolved(schema, definitions);
  const inner = `${indent}  `;
  const fields = Object.entries(properties).flatMap(([name, property]) => {
    const means = withoutNull(resolved(property, definitions));
    if (!required.includes(name) && !Object.hasOwn(means, 'default')) return [];
    return [`${inner}${JSON.stringify(name)}: ${emptyValue(means, definitions, inner)}`];
  });
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
}

function emptyValue(schema: JsonSchema, definitions: Definitions, indent: string): string {
  if (schema.properties !== undefined) return templateOf(schema, definitions, indent);
  const [choice] = choicesOf(schema);
  if (choice !== undefined) return choice;
  switch (kindOf(schema)) {
    case 'string':
    case 'time':
      return '""';
    case 'number':
      return '0';
    default:
      return typesOf(schema).includes('array') ? '[]' : '{}';
  }
}
