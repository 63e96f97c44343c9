import { z } from 'zod';
import type { Dialect, EntryPoint, Messages } from '../../dialects/dialect.ts';
import { TOKEN_PROTOCOL } from '../auth/credentials.ts';

/** A path of a listener, or a channel, stream or function of Redis, with its messages. */
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

/** The header with the subprotocols that a client offers. If a channel describes it, a token may be among them. */
export const SUBPROTOCOLS = 'Sec-WebSocket-Protocol';

const text = (says: string): z.ZodType => z.string().describe(says);
const TOKEN = { token: text('A JWT, unless it is in the Authorization header') };

function offered(subprotocols: readonly string[]): z.ZodType {
  return text(
    `A comma-separated list. The hub answers with the first of ${subprotocols.join(' and ')} that is offered. ` +
      `A page that can set no header adds ${TOKEN_PROTOCOL}<JWT>, which is never the answer`,
  );
}

/** The served dialects, and the names of those that ask nobody for a token. */
export interface Served {
  readonly dialects: readonly Dialect[];
  readonly anonymous: readonly string[];
}

/**
 * Every path at which a listener upgrades, without the variants of a system's own paths that begin with `/<dialect>`.
 */
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

/** Whether several systems have this path. */
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
