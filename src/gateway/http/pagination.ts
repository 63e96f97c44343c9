import type { Request, Response } from 'express';
import { targetOf } from './request-target.ts';

/** The position in the log at which a list was true. A client that follows the log from there misses no event. */
export const CURSOR = 'Belfry-Cursor';

/** What {@link setCounts} sets on every page. */
export const COUNTS = ['X-DRP-LIST-TOTAL-COUNT', 'X-DRP-LIST-COUNT'];

export interface PageCounts {
  /** How many the caller could see, filters and page aside. */
  readonly total: number;
  readonly count: number;
  /** Where the next page begins, if there is one. */
  readonly next: number | undefined;
}

/**
 * The offset of the next page of a list of so many, if there is one. A page with the limit 0 has none: it is asked for
 * its counts.
 */
export function nextOf(
  { offset, limit }: { readonly offset: number; readonly limit: number },
  total: number,
): number | undefined {
  return limit > 0 && offset + limit < total ? offset + limit : undefined;
}

/** Says how long the list is, and where it goes on (RFC 8288). Of the parameters the link names all but the token. */
export function setCounts(request: Request, response: Response, counts: PageCounts): void {
  const { total, count, next } = counts;
  response.set({ 'X-DRP-LIST-TOTAL-COUNT': `${total}`, 'X-DRP-LIST-COUNT': `${count}` });
  if (next === undefined) return;
  const { query } = targetOf(request);
  const [path] = request.originalUrl.split('?', 1);
  for (const name of ['token', 'Token']) query.delete(name);
  query.set('offset', `${next}`);
  response.set('Link', `<${path}?${query.toString()}>; rel="next"`);
}
