import type { Connection } from './connection.ts';
import type { ConnectionList } from './connection-list.ts';
import { sorted, type Sorting } from './sorting.ts';

/** A line of the table. It keeps its place until the rows are arranged anew, whatever becomes of its connection. */
export interface Row {
  readonly connection: Connection;
  /** `gone`: it ended since the rows were arranged. `new`: it came with the latest arrangement. */
  readonly state: 'here' | 'new' | 'gone';
}

/** What an arrangement would bring and take away. */
export interface Waiting {
  readonly came: number;
  readonly left: number;
}

/** For how long a connection counts as new. */
const NEW_MS = 5_000;

type Matcher = (connection: Connection) => boolean;

/** The rows of the table: the connections of a list as they were when they were last arranged. */
export class HeldRows {
  #rows: readonly Row[] = [];
  #ids: ReadonlySet<string> = new Set();
  #isFirst = true;
  /** When each connection came that is still new, in milliseconds. */
  readonly #cameAt = new Map<string, number>();

  /** Puts all that match in order. What was not there before is marked as new for a while, if the rows go on from those before. */
  arrange(
    list: ConnectionList,
    matches: Matcher,
    sorting: Sorting,
    { goesOn, now }: { readonly goesOn: boolean; readonly now: number },
  ): readonly Row[] {
    const found = sorted([...list.values()].filter(matches), sorting);
    if (!goesOn || this.#isFirst) this.#cameAt.clear();
    else for (const { Id } of found) if (!this.#ids.has(Id)) this.#cameAt.set(Id, now);
    for (const [id, at] of this.#cameAt) if (now - at >= NEW_MS) this.#cameAt.delete(id);
    this.#rows = found.map((connection) => ({
      connection,
      state: this.#cameAt.has(connection.Id) ? 'new' : 'here',
    }));
    this.#ids = new Set(found.map(({ Id }) => Id));
    this.#isFirst = false;
    return this.#rows;
  }

  /** The rows in their places, each as its connection is now. */
  now(list: ConnectionList): readonly Row[] {
    let isSame = true;
    const rows = this.#rows.map((row) => {
      const { Id } = row.connection;
      const here = list.get(Id);
      if (here === row.connection && row.state !== 'gone') return row;
      if (here === undefined && row.state === 'gone') return row;
      isSame = false;
      if (here !== undefined)
        return { connection: here, state: row.state === 'gone' ? 'here' : row.state } as const;
      return { connection: list.ended(Id) ?? row.connection, state: 'gone' } as const;
    });
    if (!isSame) this.#rows = rows;
    return this.#rows;
  }

  waiting(list: ConnectionList, matches: Matcher): Waiting {
    let came = 0;
    for (const connection of list.values()) if (!this.#ids.has(connection.Id) && matches(connection)) came++;
    return { came, left: this.#rows.filter(({ state }) => state === 'gone').length };
  }
}
