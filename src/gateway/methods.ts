import type { RequestHandler } from 'express';
import { BelfryError } from '../model/errors.ts';
import { OPERATIONS } from './operations.ts';

interface Route {
  readonly form: RegExp;
  /** How many of its segments are no parameters: of two that fit, the one with more is meant. */
  readonly literals: number;
  /** As the header `Allow` has them. */
  readonly methods: readonly string[];
}

const ROUTES: readonly Route[] = [...Map.groupBy(OPERATIONS, ({ path }) => path)]
  .map(([path, operations]) => ({
    form: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
    literals: path.split('/').filter((segment) => !segment.startsWith('{')).length,
    methods: [...operations.flatMap(({ method }) => named(method)), 'OPTIONS'],
  }))
  .toSorted((a, b) => b.literals - a.literals);

function named(method: string): string[] {
  return method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
}

/** Answers for every path of the API which methods it has, asked by OPTIONS or by one that it does not have. */
export const checkMethod: RequestHandler = (request, response, next) => {
  const { path, method } = request;
  const methods = ROUTES.find(({ form }) => form.test(path))?.methods;
  if (methods === undefined || (methods.includes(method) && method !== 'OPTIONS')) return next();
  response.set('Allow', methods.join(', '));
  if (method === 'OPTIONS') return void response.status(204).end();
  throw new BelfryError(
    'method_not_allowed',
    `This path has no ${method.slice(0, 20)}. Expected ${methods.join(', ')}.`,
  );
};
