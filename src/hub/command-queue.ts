import type { Command } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';

/** This many commands may wait behind a slow one of the same connection. */
const MAX_WAITING = bound(
  'commands of a connection that wait behind a slow one',
  1_000,
  'entries',
  'the connection is closed with 4029',
);
const MAX_BYTES = bound(
  'bytes of commands of a connection that wait behind a slow one',
  4 * 1024 * 1024,
  'bytes',
  'the connection is closed with 4029',
);

/** A command, or a frame that will be read when its turn has come. */
export type Waiting = Command | { readonly kind: 'frame'; readonly frame: Buffer };

/** The commands of one connection that wait, and how many more it may send in this second. */
export class CommandQueue {
  readonly #waiting: { readonly command: Waiting; readonly bytes: number }[] = [];
  #bytes = 0;
  busy = false;
  #second = 0;
  #count = 0;

  /** Adds a command of this size in bytes. Returns `false` when a bound forbids it. */
  push(command: Waiting, bytes: number): boolean {
    const over = this.#waiting.length >= MAX_WAITING || this.#bytes + bytes > MAX_BYTES;
    if (over && this.#waiting.length > 0) return false;
    this.#waiting.push({ command, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** Whether a command may begin at once. */
  get isIdle(): boolean {
    return !this.busy && this.#waiting.length === 0;
  }

  shift(): Waiting | undefined {
    const next = this.#waiting.shift();
    this.#bytes -= next?.bytes ?? 0;
    return next?.command;
  }

  /** Counts a command. Returns whether the connection may send it in this second. */
  admit(elapsedMs: number, maxPerSecond: number): boolean {
    const second = Math.floor(elapsedMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return ++this.#count <= maxPerSecond;
  }
}
