import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

/** A document with the tag of its content, so that a client that has it is not sent it again. */
export interface Document {
  readonly body: Buffer;
  readonly ETag: string;
}

export function documentOf(content: string | Buffer): Document {
  const body = Buffer.from(content);
  return { body, ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Sends the document, unless the client already has it. The caller has set the type and the other headers. */
export function sendDocument(request: Request, response: Response, { body, ETag }: Document): void {
  response.set({ ETag, 'Cache-Control': 'no-cache' });
  if (request.fresh) response.status(304).end();
  else response.send(body);
}
