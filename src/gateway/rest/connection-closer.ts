import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { VALUES_MAX, type Control } from '../../registry/control.ts';
import { ANYBODY } from '../../registry/connection-query.ts';
import type { ConnectionRecord, Registry } from '../../registry/registry.ts';

/** How long to wait after each time that the command is sent: five seconds in all. */
const WAITS_MS = [10, 40, 100, 250, 500, 1_000, 1_500, 1_600];

/** Closes connections on any node. */
export class Closer {
  readonly #registry: Registry;
  readonly #control: Control;
  readonly #clock: Clock;

  constructor(parts: { registry: Registry; control: Control; clock: Clock }) {
    this.#registry = parts.registry;
    this.#control = parts.control;
    this.#clock = parts.clock;
  }

  /**
   * Resolves when none of the connections is in the registry any more. A command is received at most once, and may
   * reach a node before the handshake of its connection is over. So it is sent again until then.
   * @throws BelfryError `unavailable`
   */
  async close(records: readonly ConnectionRecord[]): Promise<void> {
    let open = records.map(({ Id }) => Id);
    for (const waitMs of WAITS_MS) {
      for (const values of inChunks(open)) await this.#control.send({ kind: 'close', by: 'id', values });
      await new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve));
      open = await this.#stillOpen(open);
      if (open.length === 0) return;
    }
    throw new BelfryError(
      'unavailable',
      `${open.length} of ${records.length} connections are still there: their node does not answer. Expected another try; a node that is gone leaves the registry within 15 s.`,
    );
  }

  async #stillOpen(ids: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const values of inChunks(ids)) {
      const name = values.length === 1 ? 'Eq' : 'In';
      const { records } = await this.#registry.list({
        visible: 'all',
        filters: [{ any: [{ name, values }], field: 'Id' }, ANYBODY],
        sort: [],
        reverse: false,
        offset: 0,
        limit: values.length,
      });
      found.push(...records.map(({ Id }) => Id));
    }
    return found;
  }
}

function inChunks(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / VALUES_MAX);
  return Array.from({ length: count }, (_, i) => ids.slice(i * VALUES_MAX, (i + 1) * VALUES_MAX));
}
