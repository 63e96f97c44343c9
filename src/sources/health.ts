import type { Health } from './source.ts';

/** What of a source is behind, by the part. */
export class PartsHealth implements Health {
  /** Every part that was ever told of; `undefined` as its reason when it has caught up. */
  readonly #parts = new Map<string, string | undefined>();

  /** A source that has told nothing yet is not ready. */
  get isReady(): boolean {
    return this.#parts.size > 0 && this.reasons.length === 0;
  }

  get reasons(): readonly { readonly part: string; readonly reason: string }[] {
    return Array.from(this.#parts, ([part, reason]) =>
      reason === undefined ? [] : [{ part, reason }],
    ).flat();
  }

  behind(part: string, reason: string): void {
    this.#parts.set(part, reason);
  }

  caughtUp(part: string): void {
    this.#parts.set(part, undefined);
  }
}
