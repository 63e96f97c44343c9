import type { FleetReport } from '../../src/clients/load/fleet.ts';
import type { Published } from './publisher-process.ts';
import type { Replayed } from './replay.ts';

/** The figures of one run at one rate. */
export interface Run extends FleetReport {
  readonly published: Published;
  /** The wanted rate, in events a second. */
  readonly rate: number;
  readonly expected: number;
  readonly deliveriesPerS: number;
  readonly cpuUsPerDelivery: number;
  readonly cpuUsPerEvent: number;
  /** The share of a core that each server used. */
  readonly serverBusy: number;
  /** The share of the whole machine that processes outside of the benchmark used. */
  readonly othersBusy: number;
}

/** The figures of one run through one entry point. */
export interface EntryRun extends Replayed {
  /** The events that were accepted. */
  readonly events: number;
  /** Whether a client heard the last event, so that the server has taken all. */
  readonly isHeard: boolean;
  /** The events a second, until the last one was heard. */
  readonly eventsPerS: number;
  readonly serverUsPerEvent: number;
  readonly redisUsPerEvent: number;
  /** The CPU time of each Redis server for an event of the hub, whichever of them has it. */
  readonly masterUsPerEvent: number;
  /** The share of a core that each part used. */
  readonly serverBusy: number;
  readonly redisBusy: number;
  readonly clientBusy: number;
  readonly othersBusy: number;
}

/** How the clients of a node that was killed came back on another one. */
export interface Failover {
  /** The time until all were open again and had heard what they missed, in milliseconds. */
  readonly backMs: number;
  readonly connected: number;
  /** The events that were published meanwhile and were heard after the return, and how many there should be. */
  readonly heard: number;
  readonly wanted: number;
  /** The CPU time of the other node, in milliseconds. */
  readonly serverMs: number;
  /** The share of a core that the load client used. */
  readonly busy: number;
  readonly othersBusy: number;
}
