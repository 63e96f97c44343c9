/**
 * The described forms of query parameters about events. A parameter that has the described form is never refused for
 * its form.
 */
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { VECTOR_FORM } from '../../model/position.ts';

/** A type and an action that are not blank, then a key, separated by dots. */
export const pattern = z.string().regex(/^[^.]*[^.\s][^.]*\.[^.]*[^.\s][^.]*\.[\s\S]*$/);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const path = z
  .string()
  .regex(/^(?:id|time|type|action|key|principal|object|original|metadata)(?:\.[^.]+){0,60}$/);

/** Filters as JSON in a query. */
export const filters = z
  .record(path, z.union([scalar, z.array(scalar).min(1).max(1_000)]))
  .meta({ maxProperties: 50 })
  .describe('Paths into the event, each with a value or a list of values, as JSON');

/** The id of an event in the log. */
export const cursor = z.string().regex(/^(?:[1-9]\d{0,8}:)?(?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,14})$/);

const vector = z.string().regex(VECTOR_FORM);

const moment = z.union([rfc3339, z.string().regex(/^[1-9]\d{8,9}$/)]);

export function position(says: string): z.ZodType {
  return z
    .union([cursor, vector, moment])
    .describe(`${says}: the id or position of an event, RFC 3339, or seconds since 1970`);
}

/** A text that a header can carry unchanged. */
export const headerText = z.string().regex(/^(?:[!-~](?:[ -~]*[!-~])?)?$/);
