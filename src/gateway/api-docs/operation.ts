/** How a route of HTTP is described. */
import { z } from 'zod';
import type { DialectName } from '../../dialects/dialect.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { SCHEMAS } from './answers.ts';

export type SchemaName = keyof typeof SCHEMAS;

export interface Answer {
  readonly says: string;
  /** Each media type with the schema of its body; none: no body. */
  readonly content?: Readonly<Record<string, SchemaName | 'text'>>;
  readonly headers?: readonly string[];
}

export interface Operation {
  readonly id: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  /** Without credentials. */
  readonly open?: boolean;
  /** Served where this dialect is, and open only as far as that asks nobody who comes. */
  readonly of?: DialectName;
  /** Asked by DRP's clients first, so that who comes without credentials is refused to the letter as by DRP. */
  readonly ofDrp?: boolean;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** Those of the query without which nothing is done. */
  readonly required?: readonly string[];
  /** Those of the query that are written as JSON. */
  readonly asJson?: readonly string[];
  /** Any of these, at least one: parameters of the query beside the others. */
  readonly oneOf?: Readonly<Record<string, z.ZodType>>;
  /** Forms of the parameters of the path, where not any text will do. */
  readonly names?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  /** Takes events. */
  readonly takesEvents?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What it may refuse, beside what every route under `/api/v3` does. */
  readonly errors?: readonly ErrorCode[];
}

/** What every route may refuse that asks who comes. */
export const SIGN_IN_ERRORS: readonly ErrorCode[] = [
  'credentials_missing',
  'credentials_malformed',
  'password_wrong',
  'attempts_exceeded',
  'token_invalid',
];

/** What every route under `/api/v3` may refuse. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  ...SIGN_IN_ERRORS,
  'origin_forbidden',
  'not_acceptable',
  'unavailable',
  'internal',
];

export function text(says: string): z.ZodString {
  return z.string().describe(says);
}

export function count(says: string): z.ZodType {
  return z.int().min(0).max(999_999_999_999_999).describe(says);
}

/** An answer of JSON. */
export function json(says: string, schema: SchemaName, headers?: readonly string[]): Answer {
  return { says, content: { 'application/json': schema }, ...(headers && { headers }) };
}
