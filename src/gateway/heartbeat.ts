import type { Clock } from '../model/clock.ts';

const TICK_MS = 1_000;
const SLOTS = 64;

/** What the wheel needs of a connection. */
export interface Beating {
  readonly heartbeat: { readonly pingMs: number; readonly pongWaitMs: number };
  ping(): void;
  /** It did not answer in time. */
  cut(): void;
}

/** When one connection is due, in ticks of the wheel. */
export interface Beat {
  nextPing: number;
  cutAt: number;
  readonly beating: Beating;
}

/**
 * Pings every connection in its rhythm and cuts who has not answered in time, with one timer for all of them. The wheel
 * counts its own ticks, not the clock: a process that was stopped for a while does not cut everybody on waking, before
 * it has read the pongs that wait in its sockets.
 */
export class Heartbeat {
  readonly #slots: Set<Beat>[] = Array.from({ length: SLOTS }, () => new Set<Beat>());
  readonly #clock: Clock;
  #tick = 0;
  #stop = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#stop = this.#clock.every(TICK_MS, () => this.#turn());
  }

  stop(): void {
    this.#stop();
  }

  /** Ends every connection that is left. */
  cutAll(): void {
    for (const slot of this.#slots) for (const { beating } of slot) beating.cut();
  }

  add(beating: Beating): Beat {
    const { pingMs, pongWaitMs } = beating.heartbeat;
    const beat = { beating, nextPing: this.#tick + ticks(pingMs), cutAt: this.#tick + ticks(pongWaitMs) };
    this.#schedule(beat);
    return beat;
  }

  pong(beat: Beat): void {
    beat.cutAt = this.#tick + ticks(beat.beating.heartbeat.pongWaitMs);
  }

  remove(beat: Beat): void {
    for (const slot of this.#slots) if (slot.delete(beat)) return;
  }

  #turn(): void {
    this.#tick++;
    const slot = this.#slots[this.#tick % SLOTS];
    if (slot === undefined || slot.size === 0) return;
    const due = [...slot];
    slot.clear();
    for (const beat of due) this.#visit(beat);
  }

  #visit(beat: Beat): void {
    if (beat.cutAt <= this.#tick) return beat.beating.cut();
    if (beat.nextPing <= this.#tick) {
      beat.nextPing = this.#tick + ticks(beat.beating.heartbeat.pingMs);
      beat.beating.ping();
    }
    this.#schedule(beat);
  }

  /** A time further away than the wheel is round is looked at again on the way. */
  #schedule(beat: Beat): void {
    const due = Math.min(beat.nextPing, beat.cutAt, this.#tick + SLOTS - 1);
    this.#slots[Math.max(due, this.#tick + 1) % SLOTS]?.add(beat);
  }
}

function ticks(ms: number): number {
  return Math.ceil(ms / TICK_MS);
}
