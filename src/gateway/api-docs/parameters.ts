/** The forms of parameters, as they are described: what fits is never refused for its form. */
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { FIELDS } from '../../registry/connection-query.ts';
import { count } from './operation.ts';

/** A type and an action that are not blank, then a key, with dots between. */
export const pattern = z.string().regex(/^[^.]*[^.\s][^.]*\.[^.]*[^.\s][^.]*\.[\s\S]*$/);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const path = z
  .string()
  .regex(/^(?:id|time|type|action|key|principal|object|original|metadata)(?:\.[^.]+){0,60}$/);

/** What a query carries as JSON. */
export const filters = z
  .record(path, z.union([scalar, z.array(scalar).min(1).max(1_000)]))
  .meta({ maxProperties: 50 })
  .describe('Paths into the event, each with a value or a list of values, as JSON');

export const cursor = z.string().regex(/^(?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,14})$/);

const moment = z.union([rfc3339, z.string().regex(/^[1-9]\d{8,9}$/)]);

export function position(says: string): z.ZodType {
  return z.union([cursor, moment]).describe(`${says}: a cursor, RFC 3339, or seconds since 1970`);
}

export const paging = {
  offset: count('How many are left out at the beginning'),
  limit: count('How many at most'),
};

const FUNCTIONS = 'Eq|Ne|Lt|Lte|Gt|Gte';

/** A value, or Fn(value); an expression in the syntax of RE2, of which only plain ones are described. */
const chance = z
  .string()
  .regex(
    new RegExp(
      `^(?:[^()]*|(?:${FUNCTIONS}|In|Nin)\\([^()]*\\)|(?:Between|Except)\\([^(),]*,[^(),]*\\)|Re\\(\\^?[\\w .@-]{0,100}\\$?\\))$`,
    ),
  );

const IP4 = String.raw`(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IP6 = String.raw`\[(?:(?:[\da-f]{1,4}:){7}[\da-f]{1,4}|::[\da-f]{0,4})\]`;
const ADDRESS = String.raw`(?:${IP4}|${IP6})(?::\d{1,4})?`;
const address = z.string().regex(new RegExp(`^(?:${ADDRESS}|(?:${FUNCTIONS})\\(${ADDRESS}\\))$`));

const TIME = String.raw`20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ`;
const time = z.union([rfc3339, z.string().regex(new RegExp(`^(?:${FUNCTIONS})\\(${TIME}\\)$`))]);

function formOf(field: (typeof FIELDS)[number]): z.ZodType {
  if (field === 'RemoteAddr') return address;
  return field === 'CreateTime' || field === 'ExpiresAt' ? time : chance;
}

/** Of connections: all must hold. */
export const conditions: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  FIELDS.map((field) => [
    field,
    formOf(field).describe(`A value, or Fn(value), as in ${field}=Ne(…); the same again is another chance`),
  ]),
);

export const order = { sort: z.enum(FIELDS), reverse: z.enum(['true', 'false']) };

/** What a header can carry without being changed on the way. */
export const headerText = z.string().regex(/^(?:[!-~](?:[ -~]*[!-~])?)?$/);

/** Of principals and tokens. */
export const name = z.string().regex(/^\P{Cc}{1,300}$/u);
