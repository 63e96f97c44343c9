import type { RequestHandler } from 'express';
import { BelfryError } from '../../model/errors.ts';
import { pathForm, type DescribedRoute } from './route.ts';

interface Methods {
  readonly form: RegExp;
  /** How many of the segments are no parameters. If two routes fit a path, the one with more of them is meant. */
  readonly literals: number;
  /** The methods as the header `Allow` lists them. */
  readonly methods: readonly string[];
}

type Served = readonly Pick<DescribedRoute, 'path' | 'method'>[];

function methodsOf(served: Served): Methods[] {
  return [...Map.groupBy(served, ({ path }) => path)]
    .map(([path, routes]) => ({
      form: new RegExp(`^${pathForm(path)}/?$`),
      literals: path.split('/').filter((segment) => !segment.startsWith('{')).length,
      methods: [...routes.flatMap(({ method }) => named(method)), 'OPTIONS'],
    }))
    .toSorted((a, b) => b.literals - a.literals);
}

function named(method: string): string[] {
  return method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
}

/**
 * Answers an OPTIONS request for every served path with its methods, and refuses a method that the path does not have
 * with the error `method_not_allowed`.
 */
export function methodCheck(served: Served): RequestHandler {
  const paths = methodsOf(served);
  return (request, response, next) => {
    const { method, path } = request;
    const methods = paths.find(({ form }) => form.test(path))?.methods;
    if (methods === undefined || (methods.includes(method) && method !== 'OPTIONS')) return next();
    response.set('Allow', methods.join(', '));
    if (method !== 'OPTIONS')
      throw new BelfryError(
        'method_not_allowed',
        `This path does not have the method ${method.slice(0, 20)}. Expected ${methods.join(', ')}.`,
      );
    response.status(204).end();
  };
}
