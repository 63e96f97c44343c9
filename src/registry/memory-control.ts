import type { Clock } from '../model/clock.ts';
import type { Control, Order } from './control.ts';
import { Revocations } from './revocations.ts';

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
      this.#revocations.add(order.tokenId, order.until, now);
    }
    this.#obey(order);
  }

  isRevoked(tokenId: string): boolean {
    return this.#revocations.has(tokenId, this.#clock.now());
  }

  async stop(): Promise<void> {
    this.#obey = () => {};
  }
}
