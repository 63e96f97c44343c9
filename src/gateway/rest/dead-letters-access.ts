/** Who may see, change and add dead letters. */
import type { Response } from 'express';
import type { DeadLetter } from '../../model/dead-letter.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Identity } from '../../model/principal.ts';
import { identityOf } from '../auth/request-identity.ts';

export function mayRead({ subscribe }: Identity, id: string): boolean {
  return subscribe.permit({ type: 'dead-letters', action: 'list', key: id });
}

export function mayChange({ publish }: Identity, id: string): boolean {
  return publish.permit({ type: 'dead-letters', action: 'retry', key: id });
}

/** Whether the caller is the sink that has added the letter. */
export function isOwn(identity: Identity, letter: DeadLetter | undefined): boolean {
  return letter?.sink !== undefined && isOwnSink(identity, letter.sink);
}

export function isOwnSink({ publish }: Identity, sink: string): boolean {
  return publish.permit({ type: 'dead-letters', action: 'add', key: sink });
}

/** Checks that the caller may retry or delete the entry. @throws BelfryError `forbidden` */
export function checkMayChange(response: Response, id: string): Identity {
  const identity = identityOf(response);
  if (mayChange(identity, id)) return identity;
  throw forbidden(identity, 'retry or delete dead letters');
}

export function forbidden({ principal }: Identity, what: string): BelfryError {
  return new BelfryError(
    'forbidden',
    `${principal} holds no grant to ${what}. Expected a grant to receive dead-letters.list.* or to publish dead-letters.retry.*; of a sink, to publish dead-letters.add.<name>.`,
  );
}

export function notFound(id: string): BelfryError {
  return new BelfryError(
    'not_found',
    `There is no dead letter with the id "${id.slice(0, 50)}". Expected an id from the list.`,
  );
}
