import type { HttpResponse } from './exchange.ts';

/** Headers as `writeHead` takes them: each name, and its value after it. */
export type HeaderList = readonly string[];

const HELD = Symbol('headers');

interface Holding {
  [HELD]?: HeaderList | undefined;
}

/**
 * Adds headers to an answer, of which the status is not known yet. They are held until the head is written, because Node
 * takes them in one piece for a fraction of what it takes for one after the other.
 */
export function addHeaders(response: HttpResponse, headers: HeaderList): void {
  const holding = response as Holding;
  const held = holding[HELD];
  holding[HELD] = held === undefined ? headers : [...held, ...headers];
}

/** Sets the headers that are held one after the other, for code that changes headers or reads them. */
export function setHeaders(response: HttpResponse): void {
  const holding = response as Holding;
  const held = holding[HELD] ?? [];
  holding[HELD] = undefined;
  if (response.headersSent) return;
  for (let at = 0; at < held.length; at += 2) response.setHeader(held[at] ?? '', held[at + 1] ?? '');
}

/** Answers without a body, with the headers that are held and these. */
export function answer(response: HttpResponse, status: number, headers: HeaderList): void {
  addHeaders(response, headers);
  response.writeHead(status, (response as Holding)[HELD] as string[]);
  response.end();
}
