import { openSocket } from './socket-link.ts';
import { openStream } from './stream-link.ts';
import type { ClientOptions } from './client.ts';
import type { EntryPointName } from './entry-points.ts';
import type { Part } from './publisher.ts';
import { pick } from './random.ts';

/** How many publishers and clients take part while a fault strikes. */
export interface Size {
  /** How many publishers there are, spread over the entry points. */
  readonly publishers: number;
  /** The keys of each publisher. */
  readonly keys: number;
  /** How many types of events there are, of which each publisher has one. */
  readonly types: number;
  /** How long a publisher rests after each event. */
  readonly paceMs: number;
  /** How many clients listen by a native socket, and how many by a stream. */
  readonly sockets: number;
  readonly streams: number;
  /** Whether some clients listen to a type or to keys, and only the others to everything. */
  readonly isVaried: boolean;
}

export const SIZES = {
  small: { publishers: 5, keys: 4, types: 3, paceMs: 4, sockets: 6, streams: 0, isVaried: false },
  /** As many types that all shards of a Cluster have events. */
  spread: { publishers: 16, keys: 8, types: 16, paceMs: 20, sockets: 6, streams: 3, isVaried: true },
  crowd: { publishers: 200, keys: 100, types: 24, paceMs: 500, sockets: 50, streams: 50, isVaried: true },
} as const satisfies Record<string, Size>;

/** So many keys of one publisher a client wants that listens by keys. */
const WANTED_KEYS = 20;

/** A publisher of a scenario. */
export interface Role {
  readonly entryPoint: EntryPointName;
  readonly part: Part;
}

/** Who publishes what. No earlier publisher of the world may have a key that begins with this name. */
export function rolesOf(size: Size, entryPoints: readonly EntryPointName[], name: string): Role[] {
  return Array.from({ length: Math.max(size.publishers, entryPoints.length) }, (_, i) => {
    const entryPoint = entryPoints[i % entryPoints.length] ?? 'http';
    const keys = Array.from({ length: size.keys }, (__, k) => `${name}-${entryPoint}-${i}-${k}`);
    return { entryPoint, part: { type: `faults-${i % size.types}`, keys } };
  });
}

/** What the clients listen to. If they are varied, one third listens to everything, one third to a type, and one third to keys. */
export function listenersOf(
  size: Size,
  roles: readonly Role[],
  random: () => number,
): Pick<ClientOptions, 'pattern' | 'wants' | 'open'>[] {
  return Array.from({ length: size.sockets + size.streams }, (_, i) => ({
    ...(size.isVaried ? wishOf(i, roles, random) : { pattern: EVERYTHING }),
    open: i < size.sockets ? openSocket : openStream,
  }));
}

/** Everything that publishers of any scenario tell. */
export const EVERYTHING = '*.tell.*';

function wishOf(
  i: number,
  roles: readonly Role[],
  random: () => number,
): Pick<ClientOptions, 'pattern' | 'wants'> {
  const { type, keys } = pick(random, roles).part;
  if (i % 3 === 0) return { pattern: EVERYTHING };
  if (i % 3 === 1) return { pattern: `${type}.*.*`, wants: (each) => each === type };
  const wanted = new Set(keys.slice(0, WANTED_KEYS));
  // The pattern names the type in turn or leaves it open, so that the node needs one shard or all of them.
  const types = i % 2 === 0 ? type : '*';
  return { pattern: `${types}.tell.${[...wanted].join(',')}`, wants: (_type, key) => wanted.has(key) };
}
