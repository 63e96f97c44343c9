import { ask, type Caller } from './http.ts';

/** What the command `publish` of a socket holds. */
export interface Publish {
  readonly events: readonly unknown[];
  readonly idempotencyKey: string;
}

/** Publishes by a request, and resolves with the ids. */
export async function publishBy(caller: Caller, { events, idempotencyKey }: Publish): Promise<string[]> {
  const response = await ask(caller, 'api/v3/events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': asHeader(idempotencyKey) },
    body: JSON.stringify(events),
  });
  return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
}

/** A header holds bytes: those of the key as UTF-8. */
function asHeader(key: string): string {
  return String.fromCharCode(...new TextEncoder().encode(key));
}
