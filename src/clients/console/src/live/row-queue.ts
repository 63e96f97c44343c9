import { charsOf, type Row } from './rows.ts';

/** From how many places that were left on they are given back. */
const COMPACT_FROM = 1_024;

/** Rows in their order, of which those at both ends can be taken at little cost. */
export class RowQueue {
  #rows: (Row | undefined)[] = [];
  #head = 0;
  #chars = 0;

  get length(): number {
    return this.#rows.length - this.#head;
  }

  /** What the rows take, in characters. */
  get chars(): number {
    return this.#chars;
  }

  at(index: number): Row | undefined {
    return index < 0 ? undefined : this.#rows[this.#head + index];
  }

  push(...rows: readonly Row[]): void {
    for (const row of rows) {
      this.#rows.push(row);
      this.#chars += charsOf(row);
    }
  }

  pop(): Row | undefined {
    return this.length === 0 ? undefined : this.#taken(this.#rows.pop());
  }

  shift(): Row | undefined {
    if (this.length === 0) return undefined;
    const row = this.#rows[this.#head];
    this.#rows[this.#head++] = undefined;
    if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#rows.length) {
      this.#rows = this.#rows.slice(this.#head);
      this.#head = 0;
    }
    return this.#taken(row);
  }

  prepend(rows: readonly Row[]): void {
    this.#rows = [...rows, ...this.#rows.slice(this.#head)];
    this.#head = 0;
    for (const row of rows) this.#chars += charsOf(row);
  }

  /** Takes the rows from this place on. */
  split(index: number): RowQueue {
    const rest = new RowQueue();
    for (const row of this.#rows.splice(this.#head + index)) if (row !== undefined) rest.push(row);
    this.#chars -= rest.#chars;
    return rest;
  }

  /** The first row, from either end, that the function accepts. */
  find<T extends Row>(accepts: (row: Row) => row is T, from: 'start' | 'end'): T | undefined {
    for (let i = 0; i < this.length; i++) {
      const row = this.at(from === 'start' ? i : this.length - 1 - i);
      if (row !== undefined && accepts(row)) return row;
    }
    return undefined;
  }

  #taken(row: Row | undefined): Row | undefined {
    if (row !== undefined) this.#chars -= charsOf(row);
    return row;
  }
}
