import { base, belfry } from './belfry.ts';
import { bun } from './bun.ts';
import { centrifugo } from './centrifugo.ts';
import { nats } from './nats.ts';
import type { Peer } from './peer.ts';
import { socketio } from './socketio.ts';
import { ws } from './ws.ts';

/** All peers. To add one takes a new file and its name in this list. */
export const PEERS: readonly Peer[] = [belfry, base, bun, nats, centrifugo, socketio, ws];

export function peerOf(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name);
  if (peer !== undefined) return peer;
  throw new Error(`There is no peer "${name}". Expected ${PEERS.map((each) => each.name).join(', ')}.`);
}
