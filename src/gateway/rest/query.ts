/**
 * The parameters of a route in its path and query. Each parameter declares in one place what is described and what is
 * read.
 */
import { z } from 'zod';
import type { Request } from 'express';
import { BelfryError, type ErrorCode } from '../../model/errors.ts';
import { WITHOUT_EFFECT } from '../../registry/connection-query.ts';

export interface Parameter<Value = unknown> {
  /** The form that OpenAPI describes. A value with this form is never refused for its form. */
  readonly form: z.ZodType;
  /** The route needs the parameter. If it is absent, it is read as an empty text. */
  readonly required?: true;
  /** The text is JSON. */
  readonly asJson?: true;
  /** Reads the text. @throws BelfryError */
  readonly read: (written: string, name: string) => Value;
}

/** Makes the error that tells the client why a text does not fit. */
type Refusal = (name: string, written: string) => BelfryError;

/** A parameter that is checked by its form. A text that does not fit is refused. */
export function checked<Value>(form: z.ZodType<Value>, refusal: Refusal): Parameter<Value> {
  return {
    form,
    read: (written, name) => {
      const { success, data } = form.safeParse(written);
      if (success) return data;
      throw refusal(name, written);
    },
  };
}

/** A parameter whose reader accepts more than its form promises, such as times in the forms that shells write. */
export function lenient<Value>(form: z.ZodType, read: Parameter<Value>['read']): Parameter<Value> {
  return { form, read };
}

export function required<Value>(parameter: Parameter<Value>): Parameter<Value> & { readonly required: true } {
  return { ...parameter, required: true };
}

/** A number written in digits. */
export function digits(pattern: RegExp, form: z.ZodType<number>): z.ZodType<number> {
  return z.preprocess((written) => (pattern.test(String(written)) ? Number(written) : written), form);
}

export function text(says: string): z.ZodString {
  return z.string().describe(says);
}

/** The two parameters of every list that has pages. */
export function paging(code: ErrorCode): Readonly<Record<'offset' | 'limit', Parameter<number>>> {
  const count = (says: string): Parameter<number> =>
    checked(
      digits(/^\d{1,15}$/, z.int().min(0).max(999_999_999_999_999)).describe(says),
      (name) => new BelfryError(code, `The ${name} is not usable. Expected a whole number, 0 or more.`),
    );
  return {
    offset: count('How many are left out at the beginning'),
    limit: count('How many at most'),
  };
}

export interface Query<Value = unknown> {
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Reads all parameters. @throws BelfryError */
  readonly read: (written: URLSearchParams, request: Request) => Value;
}

type Parameters = Readonly<Record<string, Parameter>>;
type ValueOf<P> =
  P extends Parameter<infer Value>
    ? Value | (P extends { readonly required: true } ? never : undefined)
    : never;
type Values<P extends Parameters> = { readonly [Name in keyof P]: ValueOf<P[Name]> };

/** Parameters of which the first with each name counts. Others have no effect. */
export function query<P extends Parameters>(parameters: P): Query<Values<P>> {
  const read = (written: URLSearchParams): Values<P> => {
    const values: Record<string, unknown> = {};
    for (const [name, parameter] of Object.entries(parameters)) {
      const given = written.get(name) ?? (parameter.required && '');
      values[name] = given === undefined ? undefined : parameter.read(given, name);
    }
    return values as Values<P>;
  };
  return { parameters, read };
}

/**
 * Parameters of a list as DRP treats them: the last with each name counts. An unknown parameter is refused as a filter
 * that the list does not have, unless it is one that DRP's clients add to any request.
 */
export function strictQuery<P extends Parameters>(parameters: P): Query<Values<P>> {
  const expected = Object.keys(parameters).join(' and ');
  const read = (written: URLSearchParams): Values<P> => {
    const values: Record<string, unknown> = {};
    for (const [name, given] of written) {
      if (WITHOUT_EFFECT.has(name)) continue;
      const parameter = parameters[name];
      if (parameter === undefined)
        throw new BelfryError(
          'not_acceptable',
          `Filter not found: ${name.slice(0, 50)}. Expected ${expected}.`,
        );
      values[name] = parameter.read(given, name);
    }
    return values as Values<P>;
  };
  return { parameters, read };
}
