/** Ids of tokens that count no more, each up to a time in milliseconds since 1970. */
export class Revocations {
  readonly #until = new Map<string, number>();

  /** Returns whether that is news. Of two times the later one counts. */
  add(tokenId: string, until: number, now: number): boolean {
    const known = this.#until.get(tokenId);
    if (until <= now || (known !== undefined && known >= until)) return false;
    this.#until.set(tokenId, until);
    return known === undefined;
  }

  has(tokenId: string, now: number): boolean {
    return (this.#until.get(tokenId) ?? 0) > now;
  }

  /** What holds now, each with its time; what has ended is forgotten. */
  all(now: number): [tokenId: string, until: number][] {
    for (const [tokenId, until] of this.#until) if (until <= now) this.#until.delete(tokenId);
    return [...this.#until];
  }
}
