/** Schemas that messages in both directions share. Each one also says in JSON Schema what it checks. */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../model/errors.ts';
import { ExactNumber } from '../model/exact-number.ts';
import {
  isJsonObject,
  isObjectValue,
  type JsonObject,
  type JsonText,
  type ObjectValue,
  type Value,
} from '../model/json.ts';
import { formName, isOptional, type PlainForm } from '../model/format.ts';
import { isRfc3339 } from '../model/time.ts';
import type { Messages } from './dialect.ts';

/** Any JSON value. It was parsed as JSON before, so there is nothing to check. */
export const anyJson = z.unknown() as unknown as z.ZodType<Value>;

export const anyObject = z.custom<ObjectValue>(isObjectValue, 'expected an object').meta({ type: 'object' });

/** The items of a list that have not been parsed yet. */
export const anyText = z.unknown() as unknown as z.ZodType<JsonText>;

export const anyNumber = z
  .custom<number | ExactNumber>(
    (value) => typeof value === 'number' || value instanceof ExactNumber,
    'expected a number',
  )
  .meta({ type: 'number' });

/** A number that can be computed with: 1e400 is a number, but not a quantity. */
export const quantity = anyNumber.refine((value) => Number.isFinite(Number(value)));

/** An object that has been parsed. */
export const readObject = z.custom<JsonObject>(isJsonObject, 'expected an object').meta({ type: 'object' });

export const rfc3339 = z
  .string()
  .refine(isRfc3339, 'expected a time in the format of RFC 3339')
  .meta({ format: 'date-time' });

export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** The fields of a refusal on a socket. */
export const fault = {
  code: errorCode,
  message: z.string(),
  see: z.string(),
  idempotencyKey: z.string().optional(),
};

/** The commands of a union, each under the value of the field that tells it from the others. */
export function byWord(word: string, { options }: { readonly options: readonly z.ZodObject[] }): Messages {
  return Object.fromEntries(
    options.map((option) => [(option.shape[word] as z.ZodLiteral<string>).value, option]),
  );
}

const SCHEMAS = {
  text: z.string(),
  filled: z.string().min(1),
  time: rfc3339,
  object: anyObject,
  json: anyJson,
};

type Form = PlainForm | `${PlainForm}?`;
type SchemaOf<F extends Form> = F extends PlainForm
  ? (typeof SCHEMAS)[F]
  : F extends `${infer N extends PlainForm}?`
    ? z.ZodExactOptional<(typeof SCHEMAS)[N]>
    : never;
type Shape<Fields extends Readonly<Record<string, Form>>> = {
  -readonly [Name in keyof Fields]: SchemaOf<Fields[Name]>;
};

/** A schema with the fields of a format, and no others. `says` tells what each field means. */
export function schemaOf<const Fields extends Readonly<Record<string, Form>>>(
  fields: Fields,
  says: Readonly<Record<keyof Fields, string>>,
): z.ZodObject<Shape<Fields>, z.core.$strict> {
  const shape = Object.entries(fields).map(([name, form]) => {
    const schema = (SCHEMAS[formName<PlainForm>(form)] as z.ZodType).describe(says[name] ?? '');
    return [name, isOptional(form) ? schema.exactOptional() : schema] as const;
  });
  return z.strictObject(Object.fromEntries(shape) as unknown as Shape<Fields>);
}
