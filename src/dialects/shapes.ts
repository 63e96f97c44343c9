/** Shapes that what is read and what is told have in common; each says in JSON Schema what its check looks at. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { isRfc3339 } from '../model/time.ts';

/** Of what was JSON when it was read: there is nothing to look at. */
export const anyJson = z.unknown() as unknown as z.ZodType<Json>;

export const anyObject = z.custom<JsonObject>(isJsonObject, 'expected an object').meta({ type: 'object' });

export const rfc3339 = z
  .string()
  .refine(isRfc3339, 'expected a time as RFC 3339 has it')
  .meta({ format: 'date-time' });
