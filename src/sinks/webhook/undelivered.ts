import { retrying } from '../../clients/cli/retrying.ts';
import type { Note } from '../../clients/cli/output.ts';
import type { Session } from '../../clients/cli/session.ts';
import { HubError } from '../../clients/sdk/errors.ts';
import type { HubEvent } from '../../clients/sdk/item.ts';
import type { WebhookError } from '../../clients/webhooks/delivery.ts';
import type { DeadLetter } from '../../model/dead-letter.ts';
import { isPassing } from '../../sources/hub-fault.ts';

const PATH = 'api/v3/dead-letters';

export interface UndeliveredOptions {
  readonly name: string;
  readonly session: Pick<Session, 'ask'>;
  readonly signal: AbortSignal;
  readonly note: Note;
}

/** The dead letters of a sink in its hub. Each request is repeated until the hub has answered it. */
export class Undelivered {
  readonly #options: UndeliveredOptions;

  constructor(options: UndeliveredOptions) {
    this.#options = options;
  }

  /** Adds an event that was given up. @throws HubError when the hub refuses it for ever */
  async add(event: HubEvent, why: WebhookError, triedMs: number): Promise<void> {
    const { name } = this.#options;
    const message = `The receiver of the sink "${name}" did not accept it within ${triedMs} ms: ${why.message}. Expected an answer of 2xx.`;
    const query = new URLSearchParams({ sink: name, message: message.slice(0, 500) });
    const headers = { 'Content-Type': 'application/json' };
    await this.#ask(`${PATH}?${query.toString()}`, { method: 'POST', headers, body: event.text });
  }

  /** The event of a dead letter, or `undefined` if the letter is gone. */
  async eventOf(id: string): Promise<HubEvent | undefined> {
    const response = await this.#unlessGone(() => this.#ask(`${PATH}/${encodeURIComponent(id)}`));
    if (response === undefined) return undefined;
    const { event: text } = (await response.json()) as DeadLetter;
    return { ...(JSON.parse(text) as HubEvent), text };
  }

  async remove(id: string): Promise<void> {
    await this.#unlessGone(() => this.#ask(`${PATH}/${encodeURIComponent(id)}`, { method: 'DELETE' }));
  }

  async #unlessGone<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof HubError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  #ask(path: string, init?: Parameters<Session['ask']>[1]): Promise<Response> {
    const { session, signal, note } = this.#options;
    return retrying(() => session.ask(path, init), {
      forMs: Infinity,
      signal,
      pauseAfter: (error) => (isPassing(error) ? 0 : undefined),
      tell: (error, pauseMs) => note(`${(error as Error).message} Again in ${pauseMs} ms.`),
    });
  }
}
