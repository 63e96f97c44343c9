import type { ServerResponse } from 'node:http';
import { UNKNOWN } from '../../model/principal.ts';
import { identityOf } from '../auth/request-identity.ts';
import { ResponseWriter, type ResponseWriterOptions } from '../http/response-writer.ts';
import { FairQueue } from '../http/fair-queue.ts';

/**
 * Limits the most expensive work of a node: to search the log or the registry, to list retained objects, and to send a
 * large answer.
 */
export class ReadLimiter {
  readonly #queue = new FairQueue();
  readonly #writer: ResponseWriter;

  constructor(options: ResponseWriterOptions) {
    this.#writer = new ResponseWriter(options);
  }

  /** Makes a JSON answer when it is the caller's turn, and sends it at the caller's pace. @throws BelfryError */
  async answer(response: ServerResponse, make: () => Promise<string>): Promise<void> {
    const { principal } = identityOf(response);
    const caller = principal === UNKNOWN ? String(response.req.socket.remoteAddress) : principal;
    this.send(response, await this.#queue.run(caller, make));
  }

  /** Runs a costly read when it is the caller's turn, for an answer that is sent in another way. @throws BelfryError */
  run<Result>(caller: string, read: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(caller, read);
  }

  /** Sends JSON that was already made, perhaps for other callers too. */
  send(response: ServerResponse, json: Buffer | string): void {
    if (!response.destroyed) this.#writer.send(response, json);
  }
}
