import type { Response } from 'express';
import { UNKNOWN } from '../../model/principal.ts';
import { identityOf } from '../auth/request-identity.ts';
import { Sending, type SendingOptions } from './sending.ts';
import { Turns } from './turns.ts';

/** What costs a node most: to look through the log or the registry, to list what is kept, and to send what was found. */
export class Reads {
  readonly #turns = new Turns();
  readonly #sending: Sending;

  constructor(options: SendingOptions) {
    this.#sending = new Sending(options);
  }

  /** Makes an answer of JSON when it is the caller's turn, and sends it at the caller's pace. @throws BelfryError */
  async answer(response: Response, make: () => Promise<string>): Promise<void> {
    const { principal } = identityOf(response);
    const caller = principal === UNKNOWN ? String(response.req.socket.remoteAddress) : principal;
    this.send(response, await this.#turns.run(caller, make));
  }

  /** Sends JSON that was made already, maybe for others too. */
  send(response: Response, json: Buffer | string): void {
    if (!response.destroyed) this.#sending.send(response, json);
  }
}
