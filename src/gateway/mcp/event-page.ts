import { z } from 'zod';
import { subscriptionsIn } from '../../dialects/native.ts';
import type { Subscription } from '../../dialects/dialect.ts';
import { readHistoryPage, type HistoryLog, type Page, type PageQuery } from '../../hub/history-page.ts';
import { bound } from '../../model/bound.ts';
import { heardJson, type HubEvent } from '../../model/event.ts';
import { hiddenTypes } from '../../model/hidden-types.ts';
import { textOf } from '../../model/json.ts';
import type { Identity } from '../../model/principal.ts';

export const EVENTS_MAX = bound(
  'events that one answer to an agent holds',
  100,
  'entries',
  'the answer ends there, and says how to go on',
);
const ANSWER_MAX_BYTES = bound(
  'bytes of the events that one answer to an agent holds',
  64 * 1_024,
  'bytes',
  'the answer ends there, and says how to go on; of an event that is larger alone, only the beginning is shown',
);
const SHOWN_CHARACTERS = bound(
  'characters that an agent is shown of an event that is too large for an answer',
  2_000,
  'characters',
  'the rest is left out, and the size is told',
);

export const PATTERN = z
  .string()
  .min(1)
  .max(1_000)
  .describe(
    'type.action.key. Each part is *, one value, or a comma list, as in deploy.completed,failed.myapp. The key may hold dots. Of connections, presence, interest and sink, events come only if the type is named.',
  );

export const FILTERS = z
  .record(z.string(), z.unknown())
  .optional()
  .describe(
    'Only events with these values, as {"object.status":"Failed"}. A list of values means one of them.',
  );

export const POSITION = 'a position that an earlier answer gave, the id of an event, or a time in RFC 3339';

/** What an agent asks to hear. */
export interface Asked {
  readonly subscriptions: readonly Subscription[];
  /** The types that it does not hear, although the pattern holds them: it would hear itself come and go. */
  readonly hidden: ReadonlySet<string>;
}

/** @throws ProtocolError `pattern_invalid` or `filter_invalid` */
export function askedFor(pattern: string, filters: object | undefined): Asked {
  const asked = new URLSearchParams({ pattern });
  if (filters !== undefined) asked.set('filters', JSON.stringify(filters));
  return { subscriptions: subscriptionsIn(asked), hidden: hiddenTypes([pattern]) };
}

/** What of the past a caller with these grants may read of it. */
export function readable({ subscribe }: Pick<Identity, 'subscribe'>, { subscriptions, hidden }: Asked) {
  const grants = { permit: (event: HubEvent) => !hidden.has(event.type) && subscribe.permit(event) };
  return { subscriptions, grants };
}

/** A page of past events, whose texts together fit into an answer. Rejects with BelfryError `unavailable`. */
export async function readEventPage(
  log: HistoryLog,
  query: PageQuery,
): Promise<{ readonly page: Page; readonly texts: readonly string[] }> {
  // A shorter page is read again, since only the log knows the positions at its ends.
  for (let { limit } = query; ;) {
    const page = await readHistoryPage(log, { ...query, limit });
    const texts = page.events.map(eventText);
    const fitting = fittingOf(query.since === undefined ? texts.toReversed() : texts);
    if (fitting === texts.length) return { page, texts };
    limit = fitting;
  }
}

/** How many of the texts fit into an answer: one at least. */
function fittingOf(texts: readonly string[]): number {
  let bytes = 0;
  const first = texts.findIndex((text, at) => {
    bytes += Buffer.byteLength(text);
    return at > 0 && bytes > ANSWER_MAX_BYTES;
  });
  return first < 0 ? texts.length : first;
}

/** The event as a client hears it, or the beginning of one that is too large. */
export function eventText(event: HubEvent): string {
  const whole = heardJson(event);
  const bytes = Buffer.byteLength(whole);
  if (bytes <= ANSWER_MAX_BYTES) return whole;
  const { id, time, type, action, key, principal, object } = event;
  const begins = textOf(object).slice(0, SHOWN_CHARACTERS);
  return JSON.stringify({
    id,
    time,
    type,
    action,
    key: key.slice(0, SHOWN_CHARACTERS),
    principal,
    tooLarge: { bytes, begins },
  });
}

/** An answer with events, and what else there is to say. */
export function eventsAnswer(texts: readonly string[], about: object): string {
  return `{"events":[${texts.join()}],${JSON.stringify(about).slice(1)}`;
}
