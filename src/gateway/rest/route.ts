/** An HTTP route is declared once. Express serves and checks exactly what OpenAPI describes. */
import type { Request, RequestHandler, Response, Router } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../../model/errors.ts';
import type { Handler } from '../http/handler.ts';
import { targetOf } from '../http/request-target.ts';
import type { Parameter, Query } from './query.ts';

/** The schema of an answer, under the name that OpenAPI gives it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
}

export interface Answer {
  readonly says: string;
  /** The media types of the answer, each with the schema of its body. Without any, the answer has no body. */
  readonly content?: Readonly<Record<string, NamedSchema | 'text'>>;
  readonly headers?: readonly string[];
}

interface Described<Path extends string> {
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** The path as OpenAPI writes it, with its parameters in braces. */
  readonly path: Path;
  readonly summary: string;
  /** The route needs no credentials. */
  readonly open?: boolean;
  /** The route is served only with this dialect, and needs no credentials if the dialect needs none. */
  readonly of?: string;
  /** DRP's clients ask for this before anything else, so its refusals are exactly those of DRP. */
  readonly ofDrp?: boolean;
  /** The parameters of the path that do not accept any text. */
  readonly names?: Readonly<Record<string, Parameter>>;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  /** The body is one event; or one or many, in the format that the parameter `dialect` or the type of the body names. */
  readonly takesEvents?: 'one' | 'many';
  /** The body is a message in JSON. */
  readonly takesMessage?: NamedSchema;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The error codes with which the route may refuse, beside those of every route under `/api/v3`. */
  readonly errors?: readonly ErrorCode[];
}

export interface Route<Deps> extends Described<string> {
  readonly handlerOf: (deps: Deps) => RequestHandler;
  /** Present where the route needs nothing of express. */
  readonly directOf?: (deps: Deps) => Handler;
}

/** A route as it is described, without regard to what it needs to be served. */
export type DescribedRoute = Route<never>;

type NamesIn<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

export interface Call<Value, Name extends string = string> {
  readonly request: Request;
  readonly response: Response;
  readonly params: Readonly<Record<Name, string>>;
  readonly query: Value;
}

interface Declared<Deps, Value, Path extends string> extends Described<Path> {
  readonly query?: Query<Value>;
  /**
   * Runs before the query is read. It does what refusals and answers have in common, and checks whether
   * the caller may use the route.
   */
  readonly before?: (deps: Deps, call: Omit<Call<Value, NamesIn<Path>>, 'query'>) => void;
  readonly handler: (deps: Deps, call: Call<Value, NamesIn<Path>>) => Promise<void> | void;
}

/** Declares a route. Its handler is called with the checked parameters of the path and of the query. */
export function route<Deps, Value = undefined, const Path extends string = string>(
  declared: Declared<Deps, Value, Path>,
): Route<Deps> {
  const { before, handler, ...described } = declared;
  const { names = {}, query } = declared;
  const handlerOf = (deps: Deps): RequestHandler => {
    return async (request, response) => {
      const params = request.params as Record<NamesIn<Path>, string>;
      before?.(deps, { request, response, params });
      for (const [name, { read }] of Object.entries(names)) read(params[name as NamesIn<Path>], name);
      const value = query?.read(targetOf(request).query, request) as Value;
      await handler(deps, { request, response, params, query: value });
    };
  };
  return { ...described, handlerOf };
}

/**
 * Declares a route that needs nothing of express, and has no parameters in its path. It is served without express, which
 * costs more than everything else that a short request takes.
 */
export function directRoute<Deps>(
  declared: Described<string> & { readonly handler: (deps: Deps) => Handler },
): Route<Deps> {
  const { handler, ...described } = declared;
  const handlerOf = (deps: Deps): RequestHandler => {
    const handle = handler(deps);
    return async (request, response) => void (await handle(request, response));
  };
  return { ...described, handlerOf, directOf: handler };
}

/**
 * Serves the routes whose paths begin with this base, in their order: if two routes fit a path, the first one answers.
 */
export function mount<Deps>(router: Router, base: string, routes: readonly Route<Deps>[], deps: Deps): void {
  for (const { method, path, handlerOf } of routes) {
    const below = path.slice(base.length).replaceAll(/\{(\w+)\}/g, ':$1');
    router[method](below === '' ? '/' : below, handlerOf(deps));
  }
}

/** The error codes with which every route that needs credentials may refuse. */
export const SIGN_IN_ERRORS: readonly ErrorCode[] = [
  'credentials_missing',
  'credentials_malformed',
  'password_wrong',
  'attempts_exceeded',
  'token_invalid',
];

/** The error codes with which every route under `/api/v3` may refuse. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  ...SIGN_IN_ERRORS,
  'origin_forbidden',
  'not_acceptable',
  'unavailable',
  'internal',
];

/** The error codes with which this route may refuse. */
export function errorsOf({
  path,
  errors = [],
}: Pick<DescribedRoute, 'path' | 'errors'>): readonly ErrorCode[] {
  return [...new Set([...(path.startsWith('/api/v3/') ? COMMON_ERRORS : []), ...errors])];
}

/** A regular expression, without its ends, for the paths that a path with parameters stands for. */
export function pathForm(path: string): string {
  return path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
}

/** A JSON answer. */
export function json(says: string, schema: NamedSchema, headers?: readonly string[]): Answer {
  return { says, content: { 'application/json': schema }, ...(headers && { headers }) };
}

export function named(name: string, schema: z.ZodType): NamedSchema {
  return { name, schema };
}
