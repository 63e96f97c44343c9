import { isPosition } from './positions.ts';
import { exactPattern } from '../../model/exact-pattern.ts';
import { removes } from '../../model/removal.ts';
import { closeCodeOf, HubError } from './errors.ts';
import { ask, type Caller } from './http.ts';
import type { HubEvent, Item, Gap } from './item.ts';
import type { Listener, ListenOptions, Reader } from './listener.ts';
import type { Filters } from './match.ts';
import type { Tokens } from './tokens.ts';
import { valueTexts } from './value-texts.ts';

export interface HistoryOptions {
  readonly filters?: Filters;
  /** Only events after this cursor, or from this time on. If it is absent, all that the log has. */
  readonly since?: string | Date;
  /** Only events before this cursor or time. */
  readonly until?: string | Date;
  readonly signal?: AbortSignal;
}

export interface ValuesOptions {
  /** Only events of this action count. */
  readonly action?: string;
  readonly signal?: AbortSignal;
}

/** The latest event of each key, and the change that made it so. */
export interface Values<T = unknown> {
  /** By key. It is the same map each time, changed in place. */
  readonly values: ReadonlyMap<string, HubEvent<T>>;
  /** The event that changed the map. Absent at the beginning and after a gap, when all values were read from the hub. */
  readonly change?: HubEvent<T>;
}

/** What values and history are read from: a hub, by requests and by listening. */
export interface Source extends Pick<Caller, 'environment' | 'base'> {
  readonly tokens: Pick<Tokens, 'get' | 'latest'>;
  readonly listen: (pattern: string, options: ListenOptions) => Listener;
  /** What reads events by their schemas, if there are any. A listener reads its own. */
  readonly reader: (() => Promise<Reader>) | undefined;
}

/** The events as their schemas read them. */
async function* readBy(reader: Source['reader'], events: readonly HubEvent[]): AsyncGenerator<HubEvent> {
  const loaded = await reader?.();
  for (const event of events) {
    const known = loaded === undefined ? event : await loaded.heard(event);
    if (known !== undefined) yield known;
  }
}

/** The events of the first list in an answer, each with its text as it came. */
function withTexts(events: readonly HubEvent[], answer: string): HubEvent[] {
  const texts = valueTexts(answer);
  return events.map((event, i) => ({ ...event, text: texts[i] ?? '' }));
}

/** Sends a request with the last token, and again with a new one if the hub says that the token has ended. */
export async function read(
  { environment, base, tokens }: Source,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const once = (token: string | undefined): Promise<Response> =>
    ask({ environment, base, token }, path, signal === undefined ? {} : { signal });
  try {
    return await once(await tokens.latest());
  } catch (error) {
    if (!(error instanceof HubError) || closeCodeOf(error) !== 4001) throw error;
    return once(await tokens.get());
  }
}

/** Past events, oldest first. They are read page by page. */
export async function* history(
  source: Source,
  patterns: readonly string[],
  { filters, since, until, signal }: HistoryOptions,
): AsyncGenerator<Item, void> {
  const query = new URLSearchParams();
  for (const pattern of patterns) query.append('pattern', pattern);
  if (filters !== undefined) query.set('filters', JSON.stringify(filters));
  if (until !== undefined) query.set('until', textOf(until));
  let from = textOf(since ?? new Date(0));
  for (let more = true; more;) {
    query.set('since', from);
    const response = await read(source, `api/v3/events?${query.toString()}`, signal);
    const answer = await response.text();
    const page = JSON.parse(answer) as Page;
    // A reader who asked for all that there is misses nothing.
    if (page.gap !== undefined && since !== undefined) yield { gap: page.gap };
    yield* readBy(source.reader, withTexts(page.events, answer));
    ({ cursor: from, more } = page);
  }
}

interface Page {
  readonly events: readonly HubEvent[];
  readonly cursor: string;
  readonly more: boolean;
  readonly gap?: Gap;
}

/** The latest event of every key of a type: first what the hub keeps, then each change. */
export async function* list(
  source: Source,
  type: string,
  { action, signal }: ValuesOptions,
): AsyncGenerator<Values, void> {
  const path = `api/v3/${encodeURIComponent(type)}?as=events`;
  const readAll = async (): Promise<Read> => {
    const response = await read(source, path, signal);
    const answer = await response.text();
    return { events: withTexts(JSON.parse(answer) as HubEvent[], answer), cursor: cursorOf(response) };
  };
  yield* follow(
    source.reader,
    readAll,
    (cursor) => source.listen(exactPattern(type, action), optionsOf(cursor, signal)),
    action,
  );
}

/** The latest event of one key, or `undefined` while there is none: first what the hub keeps, then each change. */
export async function* latest(
  source: Source,
  type: string,
  key: string,
  { action, signal }: ValuesOptions,
): AsyncGenerator<HubEvent | undefined, void> {
  const path = `api/v3/${[type, key].map(encodeURIComponent).join('/')}?as=events`;
  const readAll = async (): Promise<Read> => {
    try {
      const response = await read(source, path, signal);
      const text = await response.text();
      return { events: [{ ...(JSON.parse(text) as HubEvent), text }], cursor: cursorOf(response) };
    } catch (error) {
      // The hub keeps no value. Its position at that time comes only with the answer to a list.
      if (!(error instanceof HubError) || error.code !== 'not_found') throw error;
      const response = await read(source, `api/v3/${encodeURIComponent(type)}?limit=0`, signal);
      return { events: [], cursor: cursorOf(response) };
    }
  };
  const begin = (cursor: string | undefined): Listener =>
    source.listen(exactPattern(type, action, key), optionsOf(cursor, signal));
  for await (const { values } of follow(source.reader, readAll, begin, action)) yield values.get(key);
}

interface Read {
  readonly events: readonly HubEvent[];
  /** The changes after this position are not in the events. */
  readonly cursor: string | undefined;
}

async function* follow(
  reader: Source['reader'],
  readAll: () => Promise<Read>,
  listen: (cursor: string | undefined) => Listener,
  action: string | undefined,
): AsyncGenerator<Values, void> {
  const values = new Map<string, HubEvent>();
  const fill = async (events: readonly HubEvent[]): Promise<void> => {
    const known: HubEvent[] = [];
    for await (const event of readBy(reader, events)) known.push(event);
    values.clear();
    for (const event of known)
      if (action === undefined || event.action === action) values.set(event.key, event);
  };
  const { events, cursor } = await readAll();
  await fill(events);
  const listener = listen(cursor);
  try {
    yield { values };
    for await (const item of listener) {
      if (item.gap !== undefined) {
        await fill((await readAll()).events);
        yield { values };
      } else if (changes(values, item)) yield { values, change: item };
    }
  } finally {
    listener.close();
  }
}

/** Puts an event into the map. Returns whether it changed the map: an event that is known, or that has only a key, changes nothing. */
function changes(values: Map<string, HubEvent>, event: HubEvent): boolean {
  const { key, object } = event;
  if (removes(event)) return values.delete(key);
  const says = typeof object !== 'object' || Object.values(object ?? {}).some((value) => value !== key);
  const isKnown = event.id !== undefined && values.get(key)?.id === event.id;
  if (isKnown || (!says && values.has(key))) return false;
  values.set(key, event);
  return true;
}

export function cursorOf(response: Response): string | undefined {
  return response.headers.get('Belfry-Cursor') ?? undefined;
}

function optionsOf(since: string | undefined, signal: AbortSignal | undefined): ListenOptions {
  return { ...(since !== undefined && { since }), ...(signal !== undefined && { signal }) };
}

function textOf(position: string | Date): string {
  return typeof position === 'string' && isPosition(position) ? position : new Date(position).toISOString();
}
