import type { HubError } from '../clients/sdk/errors.ts';
import type { SourceContext } from './source.ts';
import type { Entry } from './unit-queue.ts';

/** How often refusals of one kind are told. */
const TELL_EVERY_MS = 60_000;

/** Tells of events that the hub refused: the first of each code at once, and the others once a minute by their number. */
export class Refusals {
  readonly #options: Pick<SourceContext, 'note' | 'clock'>;
  readonly #byCode = new Map<string, { toldAt: number; untold: number }>();

  constructor(options: Pick<SourceContext, 'note' | 'clock'>) {
    this.#options = options;
  }

  tell({ topic: { type, action, key } }: Entry, { code, message }: HubError): void {
    const { note, clock } = this.#options;
    const now = clock.now();
    const { toldAt = -Infinity, untold = 0 } = this.#byCode.get(code) ?? {};
    const isDue = now - toldAt >= TELL_EVERY_MS;
    this.#byCode.set(code, isDue ? { toldAt: now, untold: 0 } : { toldAt, untold: untold + 1 });
    if (!isDue) return;
    const others = untold > 0 ? ` ${untold} more were refused with ${code} since the last such line.` : '';
    note(`the hub refused ${type}.${action}.${key}: ${message}${others}`);
  }
}
