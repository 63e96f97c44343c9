import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../model/principal.ts';
import { targetOf } from '../http/request-target.ts';
import { credentialsOf, type Credentials } from './credentials.ts';

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
  return credentialsOf({
    authorization: request.headers.authorization,
    get query() {
      return targetOf(request).query;
    },
  });
}
