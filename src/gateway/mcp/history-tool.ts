import { z } from 'zod';
import type { EventLog } from '../../hub/event-log.ts';
import type { HistoryLog } from '../../hub/history-page.ts';
import { parsePosition } from '../../model/resume-position.ts';
import type { Redaction } from '../../model/redaction.ts';
import { checkMaySubscribe } from '../rest/events-routes.ts';
import type { ReadLimiter } from '../rest/read-limiter.ts';
import {
  EVENTS_MAX,
  eventsAnswer,
  FILTERS,
  PATTERN,
  POSITION,
  readable,
  readEventPage,
  askedFor,
} from './event-page.ts';
import { tool, type Tool } from './tool.ts';

export interface HistoryDeps {
  readonly eventLog: HistoryLog & Pick<EventLog, 'position'>;
  readonly redaction: Redaction;
  readonly reads: ReadLimiter;
  readonly topicsMax: number;
}

export const HISTORY: Tool<HistoryDeps> = tool({
  name: 'history',
  title: 'Past events',
  description:
    'Reads past events, oldest first: those after "since", or else the latest ones. ' +
    'If "more" is true, the next page begins at "next". If there is "earlier", give it as "until" for the page before. ' +
    'A "gap" says that the log no longer holds some of what was asked for.',
  input: z.strictObject({
    pattern: PATTERN.default('*.*.*'),
    since: z.string().max(200).optional().describe(`Only events after this: ${POSITION}`),
    until: z.string().max(200).optional().describe('Only events before this, in the same forms'),
    search: z.string().min(1).max(200).optional().describe('Only events in whose JSON this text stands'),
    filters: FILTERS,
    limit: z.int().min(1).max(EVENTS_MAX).default(20),
  }),
  isReadOnly: true,
  run: async (deps: HistoryDeps, { identity }, { pattern, since, until, search, filters, limit }) => {
    const { eventLog, redaction, reads } = deps;
    const asked = askedFor(pattern, filters);
    checkMaySubscribe(deps, identity, asked.subscriptions);
    const query = {
      ...readable(identity, asked),
      view: redaction.viewOf(identity.roles),
      ...(since !== undefined && { since: parsePosition(since) }),
      ...(until !== undefined && { until: parsePosition(until).since }),
      ...(search !== undefined && { text: search }),
      limit,
    };
    const { page, texts } = await reads.run(identity.principal, () => readEventPage(eventLog, query));
    const { cursor: next, more, earlier, gap } = page;
    return eventsAnswer(texts, { next, more, ...(earlier && { earlier }), ...(gap && { gap }) });
  },
});
