import { z } from 'zod';
import type { Dialect, EntryPoint, Messages } from '../../dialects/dialect.ts';
import { TOKEN_PROTOCOL } from '../auth/credentials.ts';

/** What is said at one path of a listener, or in one thing of Redis. */
export interface Channel {
  readonly address: string;
  readonly summary: string;
  /** The messages from the hub, and those to it. */
  readonly sends: Messages;
  readonly takes: Messages;
  /** The parameters of a socket's URL. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** The headers of its handshake. */
  readonly headers?: Readonly<Record<string, z.ZodType>>;
}

/** The header that says which subprotocols a client offers; where it is described, a token may be among them. */
export const SUBPROTOCOLS = 'Sec-WebSocket-Protocol';

const text = (says: string): z.ZodType => z.string().describe(says);
const TOKEN = { token: text('A JWT, where it is not in the Authorization header') };

function offered(subprotocols: readonly string[]): z.ZodType {
  return text(
    `Comma list: ${subprotocols.join(' or ')}, of which the first that is offered is answered; ` +
      `${TOKEN_PROTOCOL}<JWT>, for a page that can set no header, is never answered`,
  );
}

/** Which dialects are served, and the names of those that ask nobody for a token. */
export interface Served {
  readonly dialects: readonly Dialect[];
  readonly anonymous: readonly string[];
}

/** Every path at which a listener upgrades, but for the prefix `/<dialect>` before the paths of one system. */
export function socketChannels(byDefault: string, { dialects, anonymous }: Served): Channel[] {
  const channelsOf = (dialect: Dialect, isMeant: (path: string) => boolean, prefix = ''): Channel[] =>
    dialect.entryPoints
      .filter(({ path }) => isMeant(path))
      .map((entryPoint) => channelOf(dialect, entryPoint, prefix, anonymous.includes(dialect.name)));
  return [
    ...dialects.filter(({ name }) => name === byDefault).flatMap((dialect) => channelsOf(dialect, isShared)),
    ...dialects.flatMap((dialect) => channelsOf(dialect, isShared, `/${dialect.name}`)),
    ...dialects.flatMap((dialect) => channelsOf(dialect, (path) => !isShared(path))),
  ];
}

/** Whether a path is one that several systems have. */
function isShared(path: string): boolean {
  return path === '/ws';
}

function channelOf(
  { subprotocols }: Dialect,
  { path, query, ...said }: EntryPoint,
  prefix: string,
  isAnonymous: boolean,
): Channel {
  const asked = isAnonymous ? query : { ...TOKEN, ...query };
  return {
    ...said,
    address: `${prefix}${path}`,
    ...(asked && { query: asked }),
    ...(subprotocols && { headers: { [SUBPROTOCOLS]: offered(subprotocols) } }),
  };
}
