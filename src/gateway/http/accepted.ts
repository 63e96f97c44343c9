import express, { type Request } from 'express';
import type { HttpRequest } from './exchange.ts';

/** The media type that the client prefers among these, or `false` when it takes none of them. */
export function accepted(request: HttpRequest, ...types: string[]): string | false {
  // Express reads only the headers of the request for this.
  return express.request.accepts.call(request as unknown as Request, ...types);
}
