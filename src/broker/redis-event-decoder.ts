import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { cursorTime, type Cursor } from '../model/cursor.ts';
import { BelfryError, ProtocolError } from '../model/errors.ts';
import { REGISTRY_TYPES, type HubEvent, type NewEvent } from '../model/event.ts';
import { readJson, type JsonText } from '../model/json.ts';
import type { Redaction } from '../model/redaction.ts';
import { tooBig, type ReportRejected } from './broker.ts';
import type { LogEntry } from './redis-log-entry.ts';

export interface EventDecoderOptions {
  /** Parses an event in any format. @throws ProtocolError */
  readonly parse: (body: JsonText) => NewEvent;
  /** Parses an event of the log, which may also be one of the hub's own registry. @throws ProtocolError */
  readonly parseLogged: (body: JsonText) => NewEvent;
  /**
   * Masks what nobody may see in every event that is read, since the registry, other services and older nodes write
   * without masking.
   */
  readonly redaction: Redaction;
  readonly maxEventBytes: number;
  readonly report: ReportRejected;
  readonly clock: Clock;
}

/** Where a text was read. */
export type Source = 'channel' | 'log';

const MAX_LIVE = bound(
  'events in one message of the channel',
  1_000,
  'entries',
  'the message is rejected with event_invalid',
);

/** Decodes events that others wrote into Redis. A text that is not an event is reported; nothing is ever thrown. */
export class EventDecoder {
  readonly #options: EventDecoderOptions;
  /** The position before rejected entries that were skipped; the next event takes it as its `previous`. */
  #bridgeFrom: Cursor | undefined;

  constructor(options: EventDecoderOptions) {
    this.#options = options;
  }

  /**
   * Decodes one entry of the log; entries must come in order. `previous` becomes the last entry that was an event, so
   * that rejected entries in between do not look like a gap. An entry without a time gets the time of its id, so that
   * all nodes agree.
   */
  entry(source: Source, { id, previous, body }: LogEntry): HubEvent | undefined {
    const event = this.#try(source, body, () => {
      if (previous === undefined) throw new ProtocolError('event_invalid', 'Not written by belfry_publish.');
      return this.#logged(body);
    });
    const joins = this.#bridgeFrom ?? previous;
    this.#bridgeFrom = event === undefined ? joins : undefined;
    if (event === undefined) return undefined;
    const time = event.time ?? cursorTime(id);
    return { ...event, time, id, size: body.length, ...(joins !== undefined && { previous: joins }) };
  }

  /**
   * Decodes entries of the log. When they are read backwards, no event takes an earlier read one as its `previous`.
   */
  async *read(entries: AsyncIterable<LogEntry>, order?: 'backwards'): AsyncGenerator<HubEvent> {
    for await (const entry of entries) {
      const event = this.entry('log', entry);
      if (order === 'backwards') this.breakOff();
      if (event !== undefined) yield event;
    }
  }

  /** The next entry does not follow the last one, so that its own `previous` counts. */
  breakOff(): void {
    this.#bridgeFrom = undefined;
  }

  /**
   * Decodes a message between nodes without a position in the log. Only the registry sends such messages, so its
   * event types are the only ones accepted.
   */
  told(body: Buffer): HubEvent | undefined {
    const event = this.#try('channel', body, () => {
      const said = this.#logged(body);
      if (REGISTRY_TYPES.includes(said.type)) return said;
      throw new ProtocolError('event_invalid', 'The message was not written by a node.');
    });
    return event && { ...event, time: event.time ?? this.#now(), size: body.length };
  }

  /**
   * Decodes a live message: one event, or a list of them. A rejected item of a list does not affect the other items.
   */
  live(body: Buffer): HubEvent[] {
    const list = this.#try('channel', body, () => listIn(readJson(body))) ?? [];
    const events: HubEvent[] = [];
    for (const item of list) {
      const event = this.#try('channel', body, () => this.#options.redaction.mask(this.#options.parse(item)));
      if (event === undefined) continue;
      events.push({ ...event, time: event.time ?? this.#now(), size: Math.ceil(body.length / list.length) });
    }
    return events;
  }

  #logged(body: Buffer): NewEvent {
    const { parseLogged, redaction } = this.#options;
    return redaction.mask(parseLogged(readJson(body)));
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #try<T>(source: Source, body: Buffer, read: () => T): T | undefined {
    const { maxEventBytes, report } = this.#options;
    try {
      if (body.length > maxEventBytes) throw tooBig(body.length, maxEventBytes);
      return read();
    } catch (error) {
      report(source, error instanceof BelfryError ? error.code : 'internal');
      return undefined;
    }
  }
}

/** @throws ProtocolError `event_invalid` for a list that is too long, since each event costs more than its bytes */
function listIn(read: JsonText): readonly JsonText[] {
  const list = read.items(MAX_LIVE + 1) ?? [read];
  if (list.length <= MAX_LIVE) return list;
  throw new ProtocolError('event_invalid', `The list holds more than ${MAX_LIVE} events.`);
}
