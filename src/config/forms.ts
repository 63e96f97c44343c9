/**
 * The forms that settings have. A message continues a sentence that begins with the setting's name: what is wrong,
 * then what is expected. No message repeats a value that could be a secret.
 */
import { z } from 'zod';
import { parseJson } from '../model/json.ts';

export const KIB = 1_024;
export const MIB = 1_024 * KIB;
export const GIB = 1_024 * MIB;
export const DAY_MS = 24 * 60 * 60_000;
/** The longest time that a timer of Node can hold. */
export const MAX_MS = 2 ** 31 - 1;

/** Reads a whole text file. It throws as `readFileSync` does. */
export type ReadText = (path: string, encoding: 'utf8') => string;

export function text() {
  return z.string({
    error: ({ input }) =>
      `is ${kindOf(input)}. Expected text${typeof input === 'number' ? ' (in quotes)' : ''}`,
  });
}

export function matching(form: RegExp, expected: string) {
  return text().regex(form, { error: `has the wrong form. Expected ${expected}` });
}

/** A text that a parser accepts. The errors of the parser must have messages of the form described above. */
export function accepted(parse: (text: string) => unknown) {
  return text().superRefine((given, ctx) => {
    try {
      parse(given);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });
}

export function url(protocol: RegExp, expected: string) {
  return z.url({ protocol, abort: true, error: `is not such an address. Expected ${expected}` });
}

/** `scheme://host[:port]`, with any scheme. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@,*A-Z]+$/;

/** The origin of a page exactly as browsers send it, since an origin in another format would never match. */
export function origin() {
  return text().superRefine((given, ctx) => {
    const normalized = URL.canParse(given) ? new URL(given).origin : 'null';
    if (ORIGIN.test(given) && (normalized === given || !/^https?:/.test(given))) return;
    const expected = normalized === 'null' ? 'one such as https://pages.example' : normalized;
    ctx.addIssue({
      code: 'custom',
      message: `"${given.slice(0, 100)}" is not an origin as browsers send it. Expected ${expected}`,
    });
  });
}

export function whole(min: number, max: number, initial: number) {
  return count(min, max).default(initial);
}

/** A whole number without a default. `also` names what else is accepted. */
export function count(min: number, max: number, also = '') {
  const error = ({ input }: { input?: unknown }): string => {
    const found = typeof input === 'string' || typeof input === 'number' ? input : kindOf(input);
    return `is ${found}. Expected a whole number from ${min} to ${max}${also}`;
  };
  const number = z.int({ error }).min(min, { error }).max(max, { error });
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given),
    number,
  );
}

export function onOrOff() {
  return z.enum(['on', 'off'], { error: 'is neither on nor off. Expected on or off' });
}

/** A share of a whole, from 0 to 1. */
export function share() {
  const error = 'is not a share. Expected a number from 0 to 1';
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d+(\.\d+)?$/.test(given) ? Number(given) : given),
    z.number({ error }).min(0, { error }).max(1, { error }),
  );
}

export function rows<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: expecting('a list') });
}

/** Any names, each with a value of the same form. */
export function named<Item extends z.ZodType>(item: Item) {
  return z.record(z.string(), item, { error: expecting('names with values') });
}

/** A comma-separated list, or a list of the YAML file. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.preprocess((given) => {
    if (typeof given !== 'string') return given;
    const parts = given.split(',').map((part) => part.trim());
    return parts.filter((part) => part !== '');
  }, rows(item));
}

/**
 * JSON, or the same structure in the YAML file. The message of the JSON parser is left out, because it quotes the
 * value.
 */
export function structure<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((given, ctx): unknown => {
    if (typeof given !== 'string') return given;
    try {
      return parseJson(given);
    } catch {
      ctx.addIssue({ code: 'custom', message: 'cannot be read. Expected JSON' });
      return z.NEVER;
    }
  }, schema);
}

export function record<Shape extends z.ZodRawShape>(shape: Shape) {
  const fields = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `holds the unknown field ${issue.keys.join(', ')}. Expected only ${fields}`
        : `is ${kindOf(issue.input)}. Expected an object with ${fields}`,
  });
}

/**
 * PEM, with line breaks or with `\n` written out, or the path of a file that holds it. A text is refused when `check`
 * throws or returns `false`.
 */
export function pem(readFile: ReadText, expected: string, check: (text: string) => unknown) {
  return text().transform((given, ctx) => {
    const refuse = (why: string): never => {
      ctx.addIssue({ code: 'custom', message: `${why}. Expected ${expected}, as PEM or the path of a file` });
      return z.NEVER;
    };
    try {
      const inline = given.trimStart().startsWith('-----BEGIN ');
      const found = inline ? given.replaceAll('\\n', '\n') : readFile(given, 'utf8');
      return check(found) === false ? refuse('is of another kind') : found;
    } catch (error) {
      return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'not PEM'})`);
    }
  });
}

export function hasTwice(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length;
}

function expecting(expected: string): (issue: { input?: unknown }) => string {
  return ({ input }) => `is ${kindOf(input)}. Expected ${expected}`;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
