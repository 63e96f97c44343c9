import type { FaultProxy } from './proxy.ts';

/** The networks between a node and each server of its Redis, which break and heal together. */
export class Networks {
  readonly #proxies: readonly FaultProxy[];

  constructor(proxies: readonly FaultProxy[]) {
    this.#proxies = proxies;
  }

  cut(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  refuse(): void {
    for (const proxy of this.#proxies) proxy.refuse();
  }

  halfClose(side: 'near' | 'far'): void {
    for (const proxy of this.#proxies) proxy.halfClose(side);
  }

  swallow(): void {
    for (const proxy of this.#proxies) proxy.swallow();
  }

  delay(ms: number): void {
    for (const proxy of this.#proxies) proxy.delay(ms);
  }

  throttle(bytesPerSecond: number): void {
    for (const proxy of this.#proxies) proxy.throttle(bytesPerSecond);
  }

  heal(): void {
    for (const proxy of this.#proxies) proxy.heal();
  }

  close(): void {
    for (const proxy of this.#proxies) proxy.close();
  }
}
