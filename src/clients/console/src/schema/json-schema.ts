/** The part of JSON Schema that the hub writes. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** Whether the names of the fields are read without regard to case. */
  readonly 'x-ignore-case'?: boolean;
}

/** What a reference `#/components/schemas/<name>` means. */
export type Definitions = Readonly<Record<string, JsonSchema>>;

/** The schema that is meant, once its references are followed. */
export function resolved(schema: JsonSchema, definitions: Definitions): JsonSchema {
  let found = schema;
  const seen = new Set<JsonSchema>();
  while (found.$ref !== undefined && !seen.has(found)) {
    seen.add(found);
    found = definitions[found.$ref.replace(/^.*\//, '')] ?? {};
  }
  return found;
}

/** The types that a value may have; empty if it may have any. */
export function typesOf(schema: JsonSchema): readonly string[] {
  const { type, anyOf, enum: choices } = schema;
  if (type !== undefined) return [type].flat();
  if (anyOf !== undefined) {
    const all = anyOf.map(typesOf);
    return all.some((types) => types.length === 0) ? [] : [...new Set(all.flat())];
  }
  return choices !== undefined && choices.every((choice) => typeof choice === 'string') ? ['string'] : [];
}

/** The alternative that is not null, where there is just one. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const { anyOf = [], type } = schema;
  const others = anyOf.filter((each) => each.type !== 'null');
  const [only] = others;
  if (only !== undefined && others.length === 1)
    return { ...schema, anyOf: undefined, ...only } as JsonSchema;
  if (Array.isArray(type)) {
    const types = (type as readonly string[]).filter((each) => each !== 'null');
    return types.length === 1 ? ({ ...schema, type: types[0] } as JsonSchema) : schema;
  }
  return schema;
}
