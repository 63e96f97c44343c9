import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';

/** A document that stays as it is while the node runs: made when somebody first asks for it, then kept as bytes. */
export function documentRoute(make: () => object): RequestHandler {
  let made: { readonly body: Buffer; readonly ETag: string } | undefined;
  return (request, response) => {
    made ??= withTag(Buffer.from(JSON.stringify(make())));
    const { body, ETag } = made;
    response.set({ ETag, 'Cache-Control': 'no-cache', 'Content-Type': 'application/json; charset=utf-8' });
    if (request.fresh) response.status(304).end();
    else response.send(body);
  };
}

function withTag(body: Buffer): { body: Buffer; ETag: string } {
  return { body, ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
