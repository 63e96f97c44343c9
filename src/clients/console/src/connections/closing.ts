import { countText } from '../ui/numbers.ts';
import type { Connection } from './connection.ts';
import type { Request } from './connections-store.ts';

/** How many ids stand in one request, since they all stand in its address. */
const IDS_PER_REQUEST = 150;

/** What is to be closed. */
export type Target =
  | { readonly kind: 'one'; readonly connection: Connection }
  | { readonly kind: 'principal'; readonly principal: string; readonly count: number }
  /** The connections that are shown. */
  | { readonly kind: 'shown'; readonly connections: readonly Connection[] }
  /** All that the query of the API selects, of which the page does not hold all. */
  | { readonly kind: 'query'; readonly query: URLSearchParams }
  | { readonly kind: 'tokens'; readonly principal: string };

type Ask = (path: string, init: { readonly method: 'DELETE' }) => ReturnType<Request>;

/** Closes, and says what was done. Each connection is closed on whichever node it is. */
export async function close(target: Target, request: Ask): Promise<string> {
  const remove = (path: string): Promise<Response> => request(`api/v3/${path}`, { method: 'DELETE' });
  switch (target.kind) {
    case 'one': {
      const { Id, RemoteAddr, Node } = target.connection;
      await remove(`connections/${encodeURIComponent(Id)}`);
      return `${RemoteAddr} on ${Node} is closed.`;
    }
    case 'principal':
      return closedText(
        await closeAll(remove, new URLSearchParams({ Principal: `Eq(${target.principal})` })),
      );
    case 'query':
      return closedText(await closeAll(remove, target.query));
    case 'shown': {
      let closed = 0;
      const ids = target.connections.map(({ Id }) => Id);
      for (let at = 0; at < ids.length; at += IDS_PER_REQUEST) {
        const some = ids.slice(at, at + IDS_PER_REQUEST).join();
        closed += await closeAll(remove, new URLSearchParams({ Id: `In(${some})`, Principal: 'Ne()' }));
      }
      return closedText(closed);
    }
    case 'tokens': {
      await remove(`tokens?${new URLSearchParams({ principal: target.principal }).toString()}`);
      return `No node takes the tokens any more for which ${target.principal} has signed in so far.`;
    }
  }
}

/** The hub closes a page at a time. */
async function closeAll(
  remove: (path: string) => Promise<Response>,
  query: URLSearchParams,
): Promise<number> {
  let closed = 0;
  for (;;) {
    const response = await remove(`connections?${query.toString()}`);
    const page = (await response.json()) as Connection[];
    closed += page.length;
    if (page.length === 0 || !/rel="next"/.test(response.headers.get('Link') ?? '')) return closed;
  }
}

function closedText(count: number): string {
  return count === 1 ? 'One connection is closed.' : `${countText(count)} connections are closed.`;
}
