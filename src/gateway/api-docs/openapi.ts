import { z } from 'zod';
import { MAX_EVENTS } from '../../dialects/native.ts';
import { ERRORS, type ErrorCode } from '../../model/errors.ts';
import { SCHEMAS } from './answers.ts';
import { jsonSchema } from './json-schema.ts';
import { COMMON_ERRORS, type Answer, type Operation } from './operation.ts';

/** How the header says who comes, in the words of OpenAPI and AsyncAPI alike; of `?token=` each has its own. */
export const HTTP_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  basic: { type: 'http', scheme: 'basic' },
};

/** OpenAPI 3.1 of these routes. */
export function openApi(version: string, operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations)
    (paths[operation.path] ??= {})[operation.method] = operationObject(operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Belfry',
      version,
      description: 'An event hub. Each GET is served as HEAD too. For sockets and Redis see /asyncapi.json.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(SCHEMAS).map(([name, schema]) => [name, schemaOf(schema, name)]),
      ),
      securitySchemes: { ...HTTP_SCHEMES, token: { type: 'apiKey', in: 'query', name: 'token' } },
    },
    'x-belfry-errors': errorTable(),
  };
}

/** Every error code with its status, its meaning, and where it is explained. */
export function errorTable(): object {
  const rows = Object.entries(ERRORS).map(([code, about]) => [code, { ...about, see: `README.md#${code}` }]);
  return Object.fromEntries(rows) as object;
}

/** The codes that an operation may refuse with. */
export function errorsOf({ path, errors = [] }: Operation): readonly ErrorCode[] {
  return [...new Set([...(path.startsWith('/api/v3/') ? COMMON_ERRORS : []), ...errors])];
}

/** Published events are described as they are written, answers as they are told. */
function schemaOf(schema: z.ZodType, name: string): object {
  return jsonSchema(schema, name.startsWith('Published_') ? 'input' : 'output', 'draft-2020-12');
}

function operationObject(operation: Operation): object {
  const { id, summary, headers = {}, takesEvents = false } = operation;
  const { query = {}, required = [], asJson = [], oneOf } = operation;
  return {
    operationId: id,
    summary,
    security: securityOf(operation),
    parameters: [
      ...pathParameters(operation),
      ...Object.entries(query).map(([name, schema]) =>
        parameter('query', name, schema, {
          required: required.includes(name),
          asJson: asJson.includes(name),
        }),
      ),
      ...(oneOf ? [anyOfThem(oneOf)] : []),
      ...Object.entries(headers).map(([name, schema]) => parameter('header', name, schema)),
    ],
    ...(takesEvents && { requestBody: eventsBody() }),
    responses: { ...refusals(operation), ...answers(operation) },
  };
}

/** Where a dialect asks nobody who comes, a token may still say so: it may hold whoever has it to patterns. */
function securityOf({ open = false, of }: Operation): object[] {
  if (open && of === undefined) return [];
  return [...(open ? [{}] : []), { bearer: [] }, { basic: [] }, { token: [] }];
}

function pathParameters({ path, names = {} }: Operation): object[] {
  const found = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return found.map((name) =>
    parameter('path', name, names[name] ?? z.string().min(1), { required: true, asJson: false }),
  );
}

function parameter(
  where: 'path' | 'query' | 'header',
  name: string,
  schema: z.ZodType,
  { required, asJson } = { required: false, asJson: false },
): object {
  const { description, ...form } = jsonSchema(schema, 'input', 'draft-2020-12');
  return {
    in: where,
    name,
    ...(description !== undefined && { description }),
    ...(required && { required }),
    ...(asJson ? { content: { 'application/json': { schema: form } } } : { schema: form }),
  };
}

/** One parameter by name whose fields are those of the query. */
function anyOfThem(oneOf: Readonly<Record<string, z.ZodType>>): object {
  const form = jsonSchema(z.strictObject(oneOf).partial(), 'input', 'draft-2020-12');
  return {
    in: 'query',
    name: 'conditions',
    required: true,
    style: 'form',
    explode: true,
    schema: { ...form, minProperties: 1 },
  };
}

function eventsBody(): object {
  const formats = Object.keys(SCHEMAS).filter((name) => name.startsWith('Published_'));
  const event = { anyOf: formats.map(reference) };
  const list = { type: 'array', items: event, minItems: 1, maxItems: MAX_EVENTS };
  return { required: true, content: { 'application/json': { schema: { anyOf: [event, list] } } } };
}

function answers({ answers: described }: Operation): Record<string, object> {
  return Object.fromEntries(Object.entries(described).map(([status, answer]) => [status, response(answer)]));
}

function response({ says, content = {}, headers = [] }: Answer): object {
  const bodies = Object.entries(content).map(([type, schema]) => [
    type,
    { schema: schema === 'text' ? { type: 'string' } : reference(schema) },
  ]);
  const heads = headers.map((name) => [name, { schema: { type: 'string' } }]);
  return {
    description: says,
    ...(headers.length > 0 && { headers: Object.fromEntries(heads) as object }),
    ...(bodies.length > 0 && { content: Object.fromEntries(bodies) as object }),
  };
}

/** By status, with the codes that have it. */
function refusals(operation: Operation): Record<string, object> {
  const byStatus = Map.groupBy(errorsOf(operation), (code) => ERRORS[code].status);
  const { ofDrp = false } = operation;
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, refusal(status, codes, ofDrp)]));
}

/** Who did not say who they are is asked by a header; on the paths of DRP by that alone. */
function refusal(status: number, codes: readonly ErrorCode[], ofDrp: boolean): object {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n');
  return {
    description,
    ...(status === 401 && { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } }),
    ...((status !== 401 || !ofDrp) && { content: { 'application/json': { schema: reference('Refusal') } } }),
  };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
