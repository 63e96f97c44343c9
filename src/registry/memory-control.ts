import type { Clock } from '../model/clock.ts';
import type { Control, Order } from './control.ts';
import { type Revocable, Revocations, tooManyRevocations } from './revocations.ts';

/** The control of a single node; what it revokes it forgets with its end, as it does its secret. */
export class MemoryControl implements Control {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #revocations = new Revocations();
  #obey: (order: Order) => void = () => {};

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  async start(obey: (order: Order) => void): Promise<void> {
    this.#obey = obey;
  }

  async send(order: Order): Promise<void> {
    const now = this.#clock.now();
    if (order.kind === 'revoke') {
      this.#revocations.all(now);
      if (this.#revocations.isFull) throw tooManyRevocations();
      this.#revocations.add(order, now);
    }
    this.#obey(order);
  }

  isRevoked(identity: Revocable): boolean {
    return this.#revocations.has(identity, this.#clock.now());
  }

  async stop(): Promise<void> {
    this.#obey = () => {};
  }
}
