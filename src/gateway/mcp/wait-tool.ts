import { z } from 'zod';
import { bound } from '../../model/bound.ts';
import { parsePosition } from '../../model/resume-position.ts';
import type { PageQuery } from '../../hub/history-page.ts';
import { checkMaySubscribe } from '../rest/events-routes.ts';
import {
  type Asked,
  EVENTS_MAX,
  eventsAnswer,
  FILTERS,
  PATTERN,
  POSITION,
  readable,
  readEventPage,
  askedFor,
} from './event-page.ts';
import type { HistoryDeps } from './history-tool.ts';
import { openEventSignal, type Signalled, type SignalDeps } from './event-signal.ts';
import { tool, type Tool, type ToolCall } from './tool.ts';

/** Most clients of MCP give up after a minute. */
const TIMEOUT_S = 45;
const TIMEOUT_MAX_MS = bound(
  'time that one call of wait_for_events waits',
  600_000,
  'ms',
  'a longer timeout is refused with parameter_invalid',
);
const PROGRESS_EVERY_MS = 10_000;

export type WaitDeps = HistoryDeps & SignalDeps;

export const WAIT_FOR_EVENTS: Tool<WaitDeps> = tool({
  name: 'wait_for_events',
  title: 'Wait for events',
  description:
    'Waits until an event matches, and answers the events that came, oldest first. ' +
    'To miss nothing, give "next" of an answer as "since" of the next call, also after a timeout and after a failed call. ' +
    'Without "since" only events from now on count, so look with "history" first whether it has happened already, and begin at its "next". ' +
    'After the timeout "events" is empty and "timedOut" is true: that is no failure; call again. ' +
    'If "more" is true, call again at once.',
  input: z.strictObject({
    pattern: PATTERN,
    since: z.string().max(200).optional().describe(`Events after this count: ${POSITION}`),
    timeout: z
      .number()
      .min(0)
      .max(TIMEOUT_MAX_MS / 1_000)
      .default(TIMEOUT_S)
      .describe('Seconds to wait. Keep it below the time after which your client gives up.'),
    filters: FILTERS,
    limit: z.int().min(1).max(EVENTS_MAX).default(20),
  }),
  isReadOnly: true,
  run: async (deps: WaitDeps, call, { pattern, since, timeout, filters, limit }) => {
    const { eventLog, redaction } = deps;
    const { identity } = call;
    const asked = askedFor(pattern, filters);
    checkMaySubscribe(deps, identity, asked.subscriptions);
    const query = {
      ...readable(identity, asked),
      view: redaction.viewOf(identity.roles),
      since: since === undefined ? { since: eventLog.position } : parsePosition(since),
      limit,
    };
    return waitFor(deps, call, { asked, query, ms: timeout * 1_000 });
  },
});

/**
 * Looks into the log, then listens from where that ended, and looks again once something has come. So nothing that the log
 * holds is missed or told twice.
 */
async function waitFor(
  deps: WaitDeps,
  call: ToolCall,
  { asked, query, ms }: { readonly asked: Asked; readonly query: SinceQuery; readonly ms: number },
): Promise<string> {
  const { clock } = deps;
  const ends = clock.elapsed() + ms;
  let isTimedOut = false;
  const isOver = (): boolean => isTimedOut || clock.elapsed() >= ends || call.signal.aborted;
  const before = await look(deps, call, query, isOver);
  if (!isEmpty(before) || isOver()) return answerOf(before, NOTHING, isOver());
  const { cursor } = before.page;
  const signal = await openEventSignal(deps, call, { ...asked, since: cursor });
  try {
    const told = await waiting(deps, call, ends, signal.wait(ends - clock.elapsed(), call.signal));
    isTimedOut = told.isTimedOut;
    return answerOf(await look(deps, call, after(query, before), isOver), told, isOver());
  } finally {
    signal.stop();
  }
}

type SinceQuery = PageQuery & { readonly since: NonNullable<PageQuery['since']> };
type Read = Awaited<ReturnType<typeof readEventPage>>;

const NOTHING: Signalled = { unlogged: [], isTimedOut: false };

function after(query: SinceQuery, { page: { cursor } }: Read): SinceQuery {
  return { ...query, since: { since: cursor } };
}

function isEmpty({ page: { events, gap } }: Read): boolean {
  return events.length === 0 && gap === undefined;
}

/** The next page that tells something. A page ends after so many events, also if none of them matches. */
async function look(
  { eventLog, reads }: WaitDeps,
  { identity }: ToolCall,
  query: SinceQuery,
  isOver: () => boolean,
): Promise<Read> {
  for (let asked = query; ;) {
    const read = await reads.run(identity.principal, () => readEventPage(eventLog, asked));
    if (!isEmpty(read) || !read.page.more || isOver()) return read;
    asked = after(query, read);
  }
}

function answerOf({ page, texts }: Read, { unlogged, closed }: Signalled, isOver: boolean): string {
  const { cursor: next, more, gap } = page;
  const events = [...unlogged, ...texts];
  return eventsAnswer(events, {
    next,
    more,
    ...(gap && { gap }),
    ...(closed !== undefined && { closed: `${closed}. Call again with this "next".` }),
    ...(isOver && events.length === 0 && { timedOut: true }),
  });
}

/** Tells the client from time to time that the call goes on. */
async function waiting<T>(
  { clock }: Pick<WaitDeps, 'clock'>,
  { progress }: ToolCall,
  ends: number,
  wait: Promise<T>,
): Promise<T> {
  const began = clock.elapsed();
  const total = Math.round((ends - began) / 1_000);
  const tell = (): void =>
    progress(Math.round((clock.elapsed() - began) / 1_000), total, 'No event has matched so far.');
  tell();
  const stop = clock.every(PROGRESS_EVERY_MS, tell);
  try {
    return await wait;
  } finally {
    stop();
  }
}
