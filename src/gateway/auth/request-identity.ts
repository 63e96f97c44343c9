import type { Identity } from '../../model/principal.ts';
import type { HttpRequest, HttpResponse } from '../http/exchange.ts';
import { targetOf } from '../http/request-target.ts';
import { credentialsOf, type Carrier, type Credentials } from './credentials.ts';

const IDENTITY = Symbol('identity');

interface Identified {
  [IDENTITY]?: Identity;
}

/** The identity of the caller. Every route that needs credentials has one, since other requests were refused before. */
export function identityOf(response: HttpResponse): Identity {
  return (response as Identified)[IDENTITY] as Identity;
}

export function setIdentity(response: HttpResponse, identity: Identity): void {
  (response as Identified)[IDENTITY] = identity;
}

/** @throws BelfryError `credentials_missing` or `credentials_malformed` */
export function credentialsIn(request: HttpRequest): Credentials {
  return credentialsOf(new CarrierRequest(request));
}

/** A request that may carry credentials. Its query is parsed only where no header has them. */
class CarrierRequest implements Carrier {
  readonly authorization: string | undefined;
  readonly #request: HttpRequest;

  constructor(request: HttpRequest) {
    this.authorization = request.headers.authorization;
    this.#request = request;
  }

  get query(): URLSearchParams {
    return targetOf(this.#request).query;
  }
}
