import { z } from 'zod';
import { CLOUDEVENTS } from '../../dialects/cloudevents.ts';
import type { Messages } from '../../dialects/dialect.ts';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { MAX_EVENTS } from '../../dialects/native-messages.ts';
import { ERROR_CODES, ERRORS, seeOf, type ErrorCode } from '../../model/errors.ts';
import type { Parameter } from '../rest/query.ts';
import { errorsOf, named, type Answer, type DescribedRoute, type NamedSchema } from '../rest/route.ts';
import { jsonSchema } from './json-schema.ts';

/**
 * The schemes for credentials in a header, which OpenAPI and AsyncAPI write in the same way. For `?token=` they
 * differ.
 */
export const HTTP_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  basic: { type: 'http', scheme: 'basic' },
};

const REFUSAL = named(
  'Refusal',
  z
    .strictObject({
      Model: z.string(),
      Key: z.string(),
      Type: z.string(),
      Messages: z.array(z.string()).min(1),
      Code: z.int().describe('The HTTP status'),
      idempotencyKey: z
        .string()
        .optional()
        .describe('With outcome_unknown, the key under which a repetition is published only once'),
    })
    .describe(
      'What was wrong, what was expected, and where to read more: "See /docs/reference/errors#<error code>".',
    ),
);

/** An answer of one status, as OpenAPI has it. */
interface ResponseObject {
  readonly description: string;
  readonly headers?: object;
  readonly content?: object;
}

/** The OpenAPI 3.1 description of these routes, for published events in these formats. */
export function openApi(
  version: string,
  routes: readonly DescribedRoute[],
  { schemas: published }: Pick<EventFormats, 'schemas'>,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationObject(route, published);
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
      schemas: schemasOf(routes, published),
      securitySchemes: { ...HTTP_SCHEMES, token: { type: 'apiKey', in: 'query', name: 'token' } },
    },
    'x-belfry-errors': errorTable(),
  };
}

/** Every error code with its status, its meaning and the page that explains it. */
export function errorTable(): object {
  const rows = ERROR_CODES.map((code) => [code, { ...ERRORS[code], see: seeOf(code) }]);
  return Object.fromEntries(rows) as object;
}

/** Published events are described as input, and answers as output. */
function schemasOf(routes: readonly DescribedRoute[], published: Messages): object {
  const told = [REFUSAL, ...routes.flatMap(schemasIn)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries([
    ...Object.entries(published).map(([dialect, schema]) => [
      publishedName(dialect),
      jsonSchema(schema, 'input', 'draft-2020-12'),
    ]),
    ...told.map(({ name, schema }) => [name, jsonSchema(schema, 'output', 'draft-2020-12')]),
  ]) as object;
}

function schemasIn({ answers: described }: DescribedRoute): NamedSchema[] {
  const bodies = Object.values(described).flatMap(({ content = {} }) => Object.values(content));
  return bodies.filter((schema) => schema !== 'text');
}

function publishedName(dialect: string): string {
  return `Published_${dialect}`;
}

function operationObject(route: DescribedRoute, published: Messages): object {
  const { id, summary, query, headers = {}, takesEvents, takesMessage } = route;
  return {
    operationId: id,
    summary,
    security: securityOf(route),
    parameters: [
      ...pathParameters(route),
      ...(takesEvents === 'many' ? [parameter('query', 'dialect', { form: dialectIn(published) })] : []),
      ...Object.entries(query?.parameters ?? {}).map(([name, about]) => parameter('query', name, about)),
      ...Object.entries(headers).map(([name, form]) => parameter('header', name, { form })),
    ],
    ...(takesEvents && { requestBody: eventsBody(published, takesEvents) }),
    ...(takesMessage && { requestBody: messageBody(takesMessage) }),
    responses: merged(refusals(route), answers(route)),
  };
}

/**
 * A route of a dialect that needs no credentials accepts a token nevertheless, since the token may restrict its client
 * to patterns.
 */
function securityOf({ open = false, of }: DescribedRoute): object[] {
  if (open && of === undefined) return [];
  return [...(open ? [{}] : []), { bearer: [] }, { basic: [] }, { token: [] }];
}

function pathParameters({ path, names = {} }: DescribedRoute): object[] {
  const found = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return found.map((name) =>
    parameter('path', name, { form: names[name]?.form ?? z.string().min(1), required: true }),
  );
}

function parameter(
  where: 'path' | 'query' | 'header',
  name: string,
  { form, required, asJson }: Omit<Parameter, 'read'>,
): object {
  const { description, ...schema } = jsonSchema(form, 'input', 'draft-2020-12');
  return {
    in: where,
    name,
    ...(description !== undefined && { description }),
    ...(required && { required }),
    ...(asJson ? { content: { 'application/json': { schema } } } : { schema }),
  };
}

function dialectIn(published: Messages): z.ZodType {
  return z
    .enum(Object.keys(published))
    .describe('The dialect whose format the events have; if absent, their fields show it');
}

function eventsBody(published: Messages, takes: 'one' | 'many'): object {
  const event = { anyOf: Object.keys(published).map((dialect) => reference(publishedName(dialect))) };
  if (takes === 'one')
    return { required: true, description: 'One event', content: { 'application/json': { schema: event } } };
  const list = { type: 'array', items: event, minItems: 1, maxItems: MAX_EVENTS };
  const cloudEvent = reference(publishedName(CLOUDEVENTS));
  return {
    required: true,
    description:
      'One event or a list of them. With the header ce-specversion: the data of one CloudEvent in binary mode, of any type; its attributes are the headers ce-<name>',
    content: {
      'application/json': { schema: { anyOf: [event, list] } },
      'application/cloudevents+json': { schema: cloudEvent },
      'application/cloudevents-batch+json': { schema: { ...list, items: cloudEvent } },
    },
  };
}

function messageBody({ name }: NamedSchema): object {
  const content = { 'application/json': { schema: reference(name) } };
  return { required: true, description: 'One message in JSON', content };
}

/** A status can be both: what a program is refused as an error, a browser may be shown as a page. */
function merged(
  refused: Readonly<Record<string, ResponseObject>>,
  answered: Readonly<Record<string, ResponseObject>>,
): object {
  const both = Object.entries(answered).map(([status, answer]) => {
    const { description, content } = refused[status] ?? {};
    if (description === undefined) return [status, answer];
    return [
      status,
      {
        ...answer,
        description: `${description}\n\n${answer.description}`,
        content: { ...content, ...answer.content },
      },
    ];
  });
  return { ...refused, ...(Object.fromEntries(both) as object) };
}

function answers({ answers: described }: DescribedRoute): Record<string, ResponseObject> {
  return Object.fromEntries(Object.entries(described).map(([status, answer]) => [status, response(answer)]));
}

function response({ says, content = {}, headers = [] }: Answer): ResponseObject {
  const bodies = Object.entries(content).map(([type, schema]) => [
    type,
    { schema: schema === 'text' ? { type: 'string' } : reference(schema.name) },
  ]);
  const heads = headers.map((name) => [name, { schema: { type: 'string' } }]);
  return {
    description: says,
    ...(headers.length > 0 && { headers: Object.fromEntries(heads) as object }),
    ...(bodies.length > 0 && { content: Object.fromEntries(bodies) as object }),
  };
}

/** The refusals of a route by status, each with its error codes. */
function refusals(route: DescribedRoute): Record<string, ResponseObject> {
  const byStatus = Map.groupBy(errorsOf(route), (code) => ERRORS[code].status);
  const { ofDrp = false } = route;
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, refusal(status, codes, ofDrp)]));
}

/** The refusal for missing credentials asks for them in a header. On DRP's paths it has that header alone. */
function refusal(status: number, codes: readonly ErrorCode[], ofDrp: boolean): ResponseObject {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n');
  return {
    description,
    ...(status === 401 && { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } }),
    ...((status !== 401 || !ofDrp) && {
      content: { 'application/json': { schema: reference(REFUSAL.name) } },
    }),
  };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
