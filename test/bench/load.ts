import type { ChildProcess } from 'node:child_process';
import type { FleetReport } from '../../src/clients/load/fleet.ts';
import type { Group } from './scenarios.ts';

export interface ConnectOptions {
  readonly peer: string;
  /** The ports of the nodes, which connections use in turn. */
  readonly ports: readonly number[];
  readonly word: string;
  readonly groups: readonly Group[];
  readonly tls: boolean;
  /** How many of the connections are opened, beginning with the first. */
  readonly first: number;
  /** The id of the last event that the clients heard. */
  readonly since?: string;
}

/** How many connections were opened, and the time that this took in milliseconds. It began this long after `clear`. */
export interface Connected {
  readonly opened: number;
  readonly ms: number;
  readonly beganMs: number;
}

export interface SettleOptions {
  readonly events: number;
  readonly withinMs: number;
  /** After this long without any event, no more are expected. */
  readonly quietMs: number;
}

/** A process that holds all subscribers of a scenario. */
export interface LoadClient {
  readonly child: ChildProcess;
  /** Opens those of the connections that are not open yet. */
  connect(options: ConnectOptions): Promise<Connected>;
  clear(): Promise<void>;
  /** Waits until this many events were heard, or no more arrive. It returns the milliseconds from `clear` to the last event. */
  settle(options: SettleOptions): Promise<number>;
  report(): Promise<FleetReport>;
}
