import type { Gap, HubEvent } from '../../sdk/item.ts';
import {
  collect,
  examples,
  hubCommand,
  note,
  wholeNumber,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { beginning } from '../duration.ts';
import { CommandError } from '../errors.ts';
import { EVENTS } from '../event-line.ts';
import { readFilters } from '../filters.ts';
import { gapText } from '../gap-text.ts';
import { hiddenTypes } from '../../../model/hidden-types.ts';
import { Output } from '../output.ts';
import type { Session } from '../session.ts';

interface HistoryOptions extends HubOptions {
  readonly since?: string | Date;
  readonly until?: string | Date;
  readonly filter: readonly string[];
  readonly search?: string;
  readonly count?: number;
}

interface Page {
  readonly events: readonly HubEvent[];
  readonly cursor: string;
  readonly more: boolean;
  /** Where the page before ends. */
  readonly earlier?: string;
  readonly gap?: Gap;
}

/** As many as the hub puts into one page. */
const PAGE = 1_000;
/** How many are printed where nobody says how many, or since when. */
const LATEST = 100;

/** `belfry history`: what happened, as far as the log goes back. */
export const addHistory: AddCommand = (program) => {
  const command = hubCommand(program, 'history')
    .description(`Print past events, oldest first: those since a time, or else the latest ${LATEST}.`)
    .argument('[patterns...]', 'type.action.key, each part * or a comma list', ['*.*.*'])
    .option(
      '-s, --since <when>',
      'from so long ago (10m), after the event with this id, or from this time',
      beginning,
    )
    .option(
      '--until <when>',
      'up to so long ago, before the event with this id, or up to this time',
      beginning,
    )
    .option('-f, --filter <path=value>', 'only events with this value there; again for more', collect, [])
    .option('-q, --search <text>', 'only events in whose JSON this text stands')
    .option(
      '-n, --count <events>',
      'so many at most: the first since a time, or else the latest',
      wholeNumber,
    )
    .action((patterns: string[], options: HistoryOptions) =>
      withHub(options, (session) => history(session, patterns, options)),
    );
  examples(command, {
    "belfry history 'deploy.*.myapp' --since 2h": 'the deploys of one app in the last two hours',
    "belfry history --search 'connection refused' --count 20 --output jsonl":
      'the latest 20 with a text, for a program',
  });
};

async function history(
  session: Session,
  patterns: readonly string[],
  options: HistoryOptions,
): Promise<void> {
  const { since, count } = options;
  const query = queryOf(patterns, options);
  const rows = new Output(options).rows(EVENTS);
  const hidden = hiddenTypes(patterns);
  const read: ReadPage = async (limit) => {
    query.set('limit', `${Math.min(PAGE, limit)}`);
    const page = await session.read<Page>(`api/v3/events?${query.toString()}`);
    return { ...page, events: page.events.filter(({ type }) => !hidden.has(type)) };
  };
  let gap: Gap | undefined;
  const pages = since === undefined ? latest(read, query, count ?? LATEST) : after(read, query, since, count);
  for await (const page of pages) {
    gap ??= page.gap;
    for (const event of page.events) rows.print({ ...event, text: JSON.stringify(event) });
  }
  rows.end();
  if (gap === undefined) return;
  note(gapText(gap));
  throw new CommandError('gap', 'The log does not go back so far. Expected a later --since.', {
    see: 'command#gaps',
  });
}

function queryOf(patterns: readonly string[], { until, filter, search }: HistoryOptions): URLSearchParams {
  const query = new URLSearchParams(patterns.map((pattern) => ['pattern', pattern] as [string, string]));
  const filters = readFilters(filter);
  if (filters !== undefined) query.set('filters', JSON.stringify(filters));
  if (search !== undefined) query.set('q', search);
  if (until !== undefined) query.set('until', textOf(until));
  return query;
}

/** Reads the page that the query names, with so many events at most. */
type ReadPage = (limit: number) => Promise<Page>;

async function* after(
  read: ReadPage,
  query: URLSearchParams,
  since: string | Date,
  count = Infinity,
): AsyncGenerator<Page> {
  let from = textOf(since);
  for (let [left, more] = [count, true]; more && left > 0;) {
    query.set('since', from);
    const page = await read(left);
    yield page;
    left -= page.events.length;
    ({ cursor: from, more } = page);
  }
}

/** The pages with the latest events. They are read from the last one back, and yielded in the order of the log. */
async function* latest(read: ReadPage, query: URLSearchParams, count: number): AsyncGenerator<Page> {
  const pages: Page[] = [];
  for (let [left, isWhole] = [count, false]; !isWhole && left > 0;) {
    const page = await read(left);
    pages.unshift(page);
    left -= page.events.length;
    isWhole = page.earlier === undefined;
    if (page.earlier !== undefined) query.set('until', page.earlier);
  }
  yield* pages;
}

function textOf(position: string | Date): string {
  return typeof position === 'string' ? position : position.toISOString();
}
