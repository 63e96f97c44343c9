/** The client of Belfry: it listens, publishes and resumes, in browsers, Node, Deno and Bun. */
import { Hub, type HubOptions } from './hub.ts';
import type { Schemas } from './schema.ts';

/** A client of the hub at this address, such as `https://hub.example.com`. It connects when it is first used. */
export function connect<const S extends Schemas = Schemas>(
  url: string | URL,
  options?: HubOptions<S>,
): Hub<S> {
  return new Hub(url, options);
}

export { HubError, type ClientErrorCode } from './errors.ts';
export type { Hub, HubOptions };
export type { Gap, GapItem, HubEvent, Item } from './item.ts';
export type { Listener, ListenOptions } from './listener.ts';
export type { Filters } from './match.ts';
export type { NewEvent, PublishOptions } from './outbox.ts';
export type { Presence } from './presence.ts';
export type { Invalid, Schemas, StandardSchema } from './schema.ts';
export type { State, Status } from './state.ts';
export type { TokenSource } from './tokens.ts';
export type { HistoryOptions, Values, ValuesOptions } from './values.ts';
