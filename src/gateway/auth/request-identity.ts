import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../model/principal.ts';
import { targetOf } from '../http/request-target.ts';
import { credentialsOf, type Carrier, type Credentials } from './credentials.ts';

const IDENTITY = Symbol('identity');

interface Identified extends ServerResponse {
  [IDENTITY]?: Identity;
}

/** The identity of the caller. Every route that needs credentials has one, since other requests were refused before. */
export function identityOf(response: ServerResponse): Identity {
  return (response as Identified)[IDENTITY] as Identity;
}

export function setIdentity(response: ServerResponse, identity: Identity): void {
  (response as Identified)[IDENTITY] = identity;
}

/** @throws BelfryError `credentials_missing` or `credentials_malformed` */
export function credentialsIn(request: IncomingMessage): Credentials {
  return credentialsOf(new CarrierRequest(request));
}

/** A request that may carry credentials. Its query is parsed only where no header has them. */
class CarrierRequest implements Carrier {
  readonly authorization: string | undefined;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.authorization = request.headers.authorization;
    this.#request = request;
  }

  get query(): URLSearchParams {
    return targetOf(this.#request).query;
  }
}
