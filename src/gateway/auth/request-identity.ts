import type { Request, Response } from 'express';
import type { Identity } from '../../model/principal.ts';
import { targetOf } from '../http/request-target.ts';
import { credentialsOf, type Credentials } from './credentials.ts';

/** The identity of the caller. Every route that needs credentials has one, since other requests were refused before. */
export function identityOf(response: Response): Identity {
  return response.locals['identity'] as Identity;
}

export function setIdentity(response: Response, identity: Identity): void {
  response.locals['identity'] = identity;
}

/** @throws BelfryError `credentials_missing` or `credentials_malformed` */
export function credentialsIn(request: Request): Credentials {
  return credentialsOf({ authorization: request.headers.authorization, query: targetOf(request).query });
}
