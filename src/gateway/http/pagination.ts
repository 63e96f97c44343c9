import type { Request, Response } from 'express';
import { targetOf } from './request-target.ts';

/**
 * The header with the position in the log at which a list was true. A client that follows the log from there misses no
 * event.
 */
export const CURSOR = 'Belfry-Cursor';

/** The headers that {@link setCounts} sets on every page. */
export const COUNTS = ['X-DRP-LIST-TOTAL-COUNT', 'X-DRP-LIST-COUNT'];

export interface PageCounts {
  /** How many entries the caller could see without filters and pages. */
  readonly total: number;
  readonly count: number;
  /** The offset of the next page, if there is one. */
  readonly next: number | undefined;
}

/**
 * The offset of the next page of a list with this total, if there is one. A page with the limit 0 has no next page,
 * since the client wants only its counts.
 */
export function nextOf(
  { offset, limit }: { readonly offset: number; readonly limit: number },
  total: number,
): number | undefined {
  return limit > 0 && offset + limit < total ? offset + limit : undefined;
}

/**
 * Sets the headers that say how long the list is and where it goes on. The link repeats all parameters but the token.
 */
export function setCounts(request: Request, response: Response, counts: PageCounts): void {
  const { total, count, next } = counts;
  response.set({ 'X-DRP-LIST-TOTAL-COUNT': `${total}`, 'X-DRP-LIST-COUNT': `${count}` });
  if (next !== undefined) setLinks(request, response, { next: ['offset', `${next}`] });
}

/** Sets links to other pages of a list (RFC 8288), each with one parameter of its own. */
export function setLinks(
  request: Request,
  response: Response,
  pages: Readonly<Record<string, readonly [name: string, value: string]>>,
): void {
  const links = Object.entries(pages).map(([relation, [name, value]]) => {
    const { query } = targetOf(request);
    const [path] = request.originalUrl.split('?', 1);
    for (const token of ['token', 'Token']) query.delete(token);
    query.set(name, value);
    return `<${path}?${query.toString()}>; rel="${relation}"`;
  });
  if (links.length > 0) response.set('Link', links.join(', '));
}
