import type { IncomingMessage } from 'node:http';
import express, { type Request } from 'express';

/** The media type that the client prefers among these, or `false` when it takes none of them. */
export function accepted(request: IncomingMessage, ...types: string[]): string | false {
  // Express reads only the headers of the request for this.
  return express.request.accepts.call(request as Request, ...types);
}
