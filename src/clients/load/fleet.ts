import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { LoadConnection, type Conversation, type LoadTarget } from './connection.ts';
import { Tally } from './frames.ts';

/** The handshakes under way at once at most. The queue of a listener holds more than that. */
const OPENING_MAX = 200;
/** When the event loop of this process is busier than this, the figures measure this process and not the hub. */
export const SATURATED = 0.95;

/** One client of a fleet: its target, its conversation, and whether it stops reading once it is open. */
export interface Member {
  readonly target: LoadTarget;
  readonly conversation: Conversation;
  readonly stalls?: boolean;
}

export interface FleetReport {
  readonly frames: number;
  readonly events: number;
  readonly bytes: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** How many connections are open. */
  readonly open: number;
  /** The share of the time in which the event loop of this process was busy. */
  readonly busy: number;
  /** Whether this process was so busy that the figures measure it and not the hub. */
  readonly saturated: boolean;
  /** For each reason, how many connections ended since the last {@link Fleet.clear}. */
  readonly ended: Readonly<Record<string, number>>;
}

/** Many clients in one process, counted together. */
export class Fleet {
  readonly tally = new Tally();
  readonly #connections = new Map<number, LoadConnection>();
  readonly #standing = new Set<number>();
  #ended: Record<string, number> = {};
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  get open(): number {
    return this.#standing.size;
  }

  /**
   * Opens the connections that are missing, and waits until they are open. `progress` is called with the number of open
   * connections.
   */
  async fill(
    count: number,
    memberOf: (index: number) => Member,
    progress?: (open: number) => void,
  ): Promise<void> {
    const missing = Array.from({ length: count }, (_, index) => index).filter(
      (index) => !this.#connections.has(index),
    );
    const next = missing.values();
    const worker = async (): Promise<void> => {
      for (const index of next) {
        await this.#connect(index, memberOf(index));
        progress?.(this.open);
      }
    };
    await Promise.all(Array.from({ length: Math.min(OPENING_MAX, missing.length) }, worker));
  }

  /** Sets all counts back to zero. */
  clear(): void {
    this.tally.clear();
    this.#ended = {};
    this.#loop = performance.eventLoopUtilization();
  }

  /** The figures since the last {@link clear}. */
  report(): FleetReport {
    const { frames, events, bytes, latency } = this.tally;
    const busy = performance.eventLoopUtilization(this.#loop).utilization;
    const ms = (share: number): number => latency.percentile(share) / 1_000;
    return {
      frames,
      events,
      bytes,
      p50: ms(0.5),
      p99: ms(0.99),
      p999: ms(0.999),
      max: latency.max / 1_000,
      open: this.open,
      busy,
      saturated: busy > SATURATED,
      ended: this.#ended,
    };
  }

  end(): void {
    for (const connection of this.#connections.values()) connection.end();
  }

  #connect(index: number, { target, conversation, stalls }: Member): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = new LoadConnection(target, conversation, this.tally, {
        stands: () => {
          this.#standing.add(index);
          if (stalls === true) connection.stall();
          resolve();
        },
        ended: (why) => {
          this.#connections.delete(index);
          if (this.#standing.delete(index)) this.#ended[why] = (this.#ended[why] ?? 0) + 1;
          else reject(new Error(why));
        },
      });
      this.#connections.set(index, connection);
    });
  }
}
