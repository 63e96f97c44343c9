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
  /** An event in whatever format. @throws ProtocolError */
  readonly parse: (body: JsonText) => NewEvent;
  /** The same of what stands in the log, where the hub's own registry writes too. @throws ProtocolError */
  readonly parseLogged: (body: JsonText) => NewEvent;
  /** What nobody may see is masked in all that is read, since the registry, strangers and older nodes write without it. */
  readonly redaction: Redaction;
  readonly maxEventBytes: number;
  readonly report: ReportRejected;
  readonly clock: Clock;
}

/** Where something was read: the channel, or the log. */
export type Source = 'channel' | 'log';

const MAX_LIVE = bound(
  'events in one message of the channel',
  1_000,
  'entries',
  'the message is rejected with event_invalid',
);

/** Makes events of what others wrote. What is none is reported, and nothing is thrown, whatever it is. */
export class EventDecoder {
  readonly #options: EventDecoderOptions;
  /** The place before the rejected input that was passed over, to which the next event joins. */
  #bridgeFrom: Cursor | undefined;

  constructor(options: EventDecoderOptions) {
    this.#options = options;
  }

  /**
   * One entry of the log, read in order. `previous` is the entry before it that was an event, so rejected input in between does
   * not look like a gap. An entry that states no time gets that of its id, so that all nodes agree.
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

  /** The events among entries of the log. Of those read backwards none joins the one that was read before it. */
  async *read(entries: AsyncIterable<LogEntry>, order?: 'backwards'): AsyncGenerator<HubEvent> {
    for await (const entry of entries) {
      const event = this.entry('log', entry);
      if (order === 'backwards') this.breakOff();
      if (event !== undefined) yield event;
    }
  }

  /** What comes next does not join what came before. */
  breakOff(): void {
    this.#bridgeFrom = undefined;
  }

  /** A message among nodes that names no position in the log: an event of the registry, which alone says such a thing. */
  told(body: Buffer): HubEvent | undefined {
    const event = this.#try('channel', body, () => {
      const said = this.#logged(body);
      if (REGISTRY_TYPES.includes(said.type)) return said;
      throw new ProtocolError('event_invalid', 'The message is none of a node.');
    });
    return event && { ...event, time: event.time ?? this.#now(), size: body.length };
  }

  /** A bare event from the channel, or a list of them: live only. Rejected input in a list does not spoil the rest of it. */
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

/** @throws ProtocolError `event_invalid` where there are too many: each costs more than its bytes */
function listIn(read: JsonText): readonly JsonText[] {
  const list = read.items(MAX_LIVE + 1) ?? [read];
  if (list.length <= MAX_LIVE) return list;
  throw new ProtocolError('event_invalid', `The list holds more than ${MAX_LIVE} events.`);
}
