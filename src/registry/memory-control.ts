import type { Clock } from '../model/clock.ts';
import type { Control, ControlCommand } from './control.ts';
import { type Revocable, Revocations, tooManyRevocations } from './revocations.ts';

/** The control of a single node without Redis. Its revocations end with the process, like its secret for tokens. */
export class MemoryControl implements Control {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #revocations = new Revocations();
  #handle: (command: ControlCommand) => void = () => {};

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  async start(handle: (command: ControlCommand) => void): Promise<void> {
    this.#handle = handle;
  }

  async send(command: ControlCommand): Promise<void> {
    const now = this.#clock.now();
    if (command.kind === 'revoke') {
      this.#revocations.all(now);
      if (this.#revocations.isFull) throw tooManyRevocations();
      this.#revocations.add(command, now);
    }
    this.#handle(command);
  }

  isRevoked(identity: Revocable): boolean {
    return this.#revocations.has(identity, this.#clock.now());
  }

  async stop(): Promise<void> {
    this.#handle = () => {};
  }
}
