import type { ConnectionParts, Driver } from './connection.ts';

/** Loads its driver when it is started, since most pages need none but the usual one. */
export class LateDriver implements Driver {
  readonly #parts: ConnectionParts;
  readonly #load: () => Promise<Driver>;
  #driver: Promise<Driver> | undefined;

  constructor(parts: ConnectionParts, load: () => Promise<Driver>) {
    this.#parts = parts;
    this.#load = load;
  }

  start(): void {
    if (this.#parts.state.current.status !== 'idle') return;
    this.#parts.state.change({ status: 'connecting' });
    this.#driver ??= this.#load();
    this.#then((driver) => driver.start());
  }

  retry(): void {
    this.#then((driver) => driver.retry());
  }

  fail(code: number, reason: string): void {
    this.#then((driver) => driver.fail(code, reason));
  }

  stop(status: 'idle' | 'closed'): void {
    this.#parts.state.change({ status, reason: undefined, principal: undefined });
    this.#then((driver) => driver.stop(status));
  }

  #then(run: (driver: Driver) => void): void {
    void this.#driver?.then(run, (error: unknown) => {
      this.#driver = undefined;
      this.#parts.state.change({ status: 'idle', reason: { code: 1006, text: String(error) } });
    });
  }
}
