import { ERROR_CODES, ERRORS, type ErrorCode } from '../../src/model/errors.ts';
import { prose } from './tables.ts';

/** What a client can do about each error, in the Markdown of the page. */
const REMEDIES: Readonly<Record<ErrorCode, string>> = {
  json_invalid:
    'Send what a JSON library writes, as UTF-8. `NaN`, `Infinity`, a name `__proto__`, more than 64 levels and half of a surrogate pair are no JSON here.',
  event_invalid:
    'Compare with [the formats of events](dialects.md#formats-of-published-events); the message names the field. A list holds 1 to 256 events.',
  event_too_big:
    'Publish less, such as a reference to where the data is, or raise `BELFRY_EVENT_MAX_BYTES` on all nodes.',
  type_reserved:
    'Take another type than `belfry`, `websocket`, `connections`, `presence`, `tokens` and `interest`, which are those of the hub.',
  pattern_invalid:
    'Write `type.action.key`, each part `*` or a comma list: see [events and patterns](events-and-patterns.md). Where a list expands to too many topics, take `*` or fewer values.',
  subscriptions_exceeded:
    'Unsubscribe from what is no longer needed, or take wider patterns; `BELFRY_TOPICS_MAX` raises the limit.',
  filter_invalid:
    'Name fields that events have (`object.status`), each with a value or a list of values: see [filters](native.md#commands).',
  command_invalid:
    'Compare the frame with the page of the dialect: [native](native.md), [provisioning](provisioning.md), [drp](drp.md).',
  cursor_invalid: 'Keep the `id` of an event as it came and send that; a cursor is never made by hand.',
  dialect_unknown:
    'Name one of the [dialects](dialects.md), or leave `?dialect=` out: the format is found by the fields.',
  content_type_invalid: 'Send `Content-Type: application/json`.',
  encoding_unsupported: 'Send the body plain, or compressed by `gzip`, `deflate` or `br`.',
  ttl_invalid: 'Send a whole number of seconds, or no `ttl` at all.',
  time_invalid: 'Write a time as `2026-01-15T10:30:00Z`.',
  idempotency_key_invalid: 'Send a key of 1 to 200 characters, such as a UUID, or none.',
  request_invalid:
    'Send HTTP/1.1 with one `Host`, and the whole request at once. Behind a proxy, look at what it makes of requests.',
  idempotency_key_reused:
    'Take a new key for new events. If the events should be the same, something changed them between the two tries.',
  lease_held:
    'Try again after `Retry-After`, or let the holder release it: see [leases](../how-to/run-two-replicas.md).',
  lease_lost:
    'Take the lease again, and go on from the last event that was published: another holder may have been there. See [leases](../how-to/run-two-replicas.md).',
  reshard_refused:
    'The message says why. Wait for the end of another `belfry reshard`, or take another number: see [more shards](../how-to/change-the-shards.md).',
  parameter_invalid:
    'The message names the parameter and its form; [REST](rest.md#every-route) lists all of them.',
  handshake_invalid:
    'The message names the parameter of the URL and its form; the page of the [dialect](dialects.md) lists all of them.',
  credentials_missing: 'Send a token: see [how a token travels](../how-to/secure.md#how-a-token-travels).',
  credentials_malformed:
    'Write `Authorization: Bearer <token>`, or `Basic` with name and password in Base64.',
  password_wrong: 'Check name and password, and the hash in `BELFRY_USERS` (`belfry hash` makes one).',
  token_invalid:
    'Get a new token. If new ones are refused as well, compare secret or key, `iss`, `aud` and the clock of the issuer with [the settings](settings.md#access).',
  session_ended:
    'Sign in again, with the password or at the issuer; `BELFRY_SESSION_MAX_S` says for how long a sign-in can be renewed.',
  forbidden:
    'Give the role or the token a pattern that covers it: see [Secure it](../how-to/secure.md). The message says what is missing.',
  origin_forbidden:
    'Add the origin of the page to `BELFRY_ALLOWED_ORIGINS`, or for Norn to `NORN_ALLOWED_ORIGINS`, to the letter.',
  not_found:
    'Check the path, the id or the address. A dialect that `BELFRY_DIALECTS` leaves out has no paths, and a type that no retention rule keeps has no list.',
  method_not_allowed: 'The header `Allow` lists the methods of the path.',
  not_acceptable:
    'Send `Accept: application/json` or `*/*`; in a filter of connections, take one of [the fields](rest.md#filters).',
  handshakes_exceeded:
    'Come back after `Retry-After`, with a random delay. If all clients seem to have one address, set `BELFRY_TRUSTED_HOPS`.',
  attempts_exceeded: 'Come back after `Retry-After`; look who tries passwords for that name.',
  limit_reached:
    'Come back after `Retry-After`, at another node if there is one. The message says which limit it was: see [limits](limits.md).',
  unavailable:
    'Try again after `Retry-After`: nothing was accepted. `/readyz` of the node says what it waits for.',
  reads_exceeded: 'Try again after `Retry-After`, with fewer requests at a time.',
  outcome_unknown:
    'Send the same again under the `Idempotency-Key` of the answer, within five minutes: see [three outcomes of a publish](../explanation/three-outcomes.md).',
  delivery_failed:
    'Mend the receiver, then retry the dead letter: its sink delivers the event again, and to nobody else.',
  signing_unavailable: 'Get the token where tokens are signed, or give the node `BELFRY_JWT_SECRET`.',
  config_invalid:
    'The message lists every setting that is wrong; [settings](settings.md) has the form of each.',
  internal:
    'Look at the log of the node at that moment: it has the cause. A repeated publish needs an idempotency key.',
};

/** Each error with its status, its meaning and what to do. */
export function errorsPart(): string {
  return ERROR_CODES.map((code) => {
    const { status, title } = ERRORS[code];
    return `## \`${code}\`\n\nStatus ${status}. ${prose(title)}\n\n${REMEDIES[code]}\n`;
  }).join('\n');
}
