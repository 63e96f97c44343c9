import { HubError } from '../clients/sdk/errors.ts';

/**
 * What an error of a request to the hub means. `again`: the hub cannot answer now, or nobody knows whether it did. `later`: the
 * hub asks for a longer pause. `reused`: other events were published under the idempotency key. `refused`: the hub never takes an
 * event of the list. `final`: the hub would answer in the same way for ever.
 */
export type HubFault = 'again' | 'later' | 'reused' | 'refused' | 'final';

const FAULTS: Readonly<Record<string, HubFault>> = {
  lost: 'again',
  outcome_unknown: 'again',
  unavailable: 'again',
  internal: 'again',
  // The request came too slowly.
  request_invalid: 'again',
  // The answer came from something else than the hub, such as a proxy before it. It says nothing about the events.
  refused: 'again',
  limit_reached: 'later',
  handshakes_exceeded: 'later',
  attempts_exceeded: 'later',
  reads_exceeded: 'later',
  idempotency_key_reused: 'reused',
  json_invalid: 'refused',
  event_invalid: 'refused',
  event_too_big: 'refused',
  type_reserved: 'refused',
  time_invalid: 'refused',
  forbidden: 'refused',
};

export function hubFault(error: unknown): HubFault {
  return (error instanceof HubError ? FAULTS[error.code] : undefined) ?? 'final';
}

/** Whether another attempt may succeed. */
export function isPassing(error: unknown): boolean {
  const fault = hubFault(error);
  return fault === 'again' || fault === 'later';
}

/** Whether events may have been published although no answer says so. */
export function mayBePublished(error: unknown): boolean {
  return error instanceof HubError && (error.code === 'lost' || error.code === 'outcome_unknown');
}
