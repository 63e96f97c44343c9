import * as fc from 'fast-check';

interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');
const time = fc
  .tuple(
    fc.integer({ min: 1970, max: 2100 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
  )
  .chain(([year, month, day]) =>
    fc
      .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.constantFrom('Z', 'z', '+05:30', '-08:00', '.123456789Z'))
      .map(
        ([hour, minute, second, zone]) =>
          `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${zone}`,
      ),
  );

/** Makes values that fit a schema. It knows as much of JSON Schema as the descriptions use. */
export function anyOf(schema: Schema, document: object): fc.Arbitrary<unknown> {
  const within = (inner: Schema): fc.Arbitrary<unknown> => anyOf(inner, document);
  if (schema.$ref !== undefined) return within(at(document, schema.$ref));
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(within));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => within({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return anyText(schema);
    case 'integer':
      return fc.oneof(
        fc.integer({
          min: schema.minimum ?? 0,
          max: Math.min(schema.maximum ?? 100, (schema.minimum ?? 0) + 100),
        }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 100),
      );
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(within(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: (schema.minItems ?? 0) + 3,
      });
    case 'object':
      return object(schema, within);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function anyText({ format, pattern, minLength = 0, maxLength }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return time;
  const fits = (given: string): boolean =>
    given.length >= minLength && given.length <= (maxLength ?? 300) && given.isWellFormed();
  if (pattern !== undefined)
    return fc
      .stringMatching(new RegExp(pattern, pattern.includes('\\P') ? 'u' : ''), { maxLength: 100 })
      .filter(fits);
  return fc.string({ unit: 'grapheme', minLength, maxLength: maxLength ?? 30 }).filter(fits);
}

function object(schema: Schema, within: (inner: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const { properties = {}, required = [], minProperties = 0, propertyNames, additionalProperties } = schema;
  if (propertyNames && typeof additionalProperties === 'object')
    return fc.dictionary(within(propertyNames) as fc.Arbitrary<string>, within(additionalProperties), {
      maxKeys: 3,
    });
  const fields = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, within(inner)]));
  return fc
    .record(fields, { requiredKeys: [...required] })
    .filter((made) => Object.keys(made).length >= minProperties);
}

function at(document: object, reference: string): Schema {
  let found: unknown = document;
  for (const step of reference.split('/').slice(1)) found = (found as Record<string, unknown>)[step];
  return found as Schema;
}

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly content?: { readonly 'application/json': { readonly schema: Schema } };
}

export interface AnyRequest {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Makes requests as an operation describes them. */
export function anyRequest(
  path: string,
  operation: { readonly parameters: readonly Parameter[]; readonly requestBody?: object },
  document: object,
): fc.Arbitrary<AnyRequest> {
  const values = operation.parameters.map((parameter) => {
    const json = parameter.content?.['application/json'].schema;
    const value = anyOf(json ?? parameter.schema ?? {}, document).map((made) =>
      json === undefined ? made : JSON.stringify(made),
    );
    return parameter.required ? value : fc.option(value, { nil: undefined });
  });
  const body = operation.requestBody as { content: { 'application/json': { schema: Schema } } } | undefined;
  const bodies = body ? anyOf(body.content['application/json'].schema, document) : fc.constant(undefined);
  return fc.tuple(fc.tuple(...values), bodies).map(([given, made]) => ({
    ...written(path, operation.parameters, given as readonly Made[]),
    ...(made !== undefined && { body: JSON.stringify(made) }),
  }));
}

/** The value of a parameter, or the fields of an exploded one. */
type Made = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | undefined;

function written(
  path: string,
  parameters: readonly Parameter[],
  values: readonly Made[],
): Omit<AnyRequest, 'body'> {
  let target = path;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const [i, { in: where, name }] of parameters.entries()) {
    const value = values[i];
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const each of value as readonly string[]) query.append(name, each);
    else if (typeof value === 'object')
      for (const [field, each] of Object.entries(value as Record<string, string>)) query.append(field, each);
    else if (where === 'path') target = target.replace(`{${name}}`, () => segment(`${value}`));
    else if (where === 'header') headers[name] = `${value}`;
    else query.append(name, `${value}`);
  }
  return { target: `${target}?${query.toString()}`, headers };
}

/** Dots are encoded, since a URL parser would resolve the segments `.` and `..` as steps. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}
