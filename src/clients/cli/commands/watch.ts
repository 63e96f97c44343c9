import { Option } from 'commander';
import type { HubEvent } from '../../sdk/item.ts';
import { matches, readPattern } from '../../sdk/match.ts';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { ending, hearing, type EndOptions, type EventOptions } from '../event-options.ts';
import { eventPrinter, VIEWS, type PrintOptions } from '../event-printer.ts';
import { readFilters } from '../filters.ts';
import { gapText } from '../gap-text.ts';
import { hiddenTypes } from '../../../model/hidden-types.ts';
import type { Note } from '../output.ts';
import type { Session } from '../session.ts';

interface WatchOptions extends HubOptions, EventOptions, EndOptions, PrintOptions {
  readonly until?: string;
  readonly latestPerKey?: boolean;
}

/** `belfry watch`: events as they happen. */
export const addWatch: AddCommand = (program) => {
  const watching = hubCommand(program, 'watch')
    .description(
      'Print events as they happen. It reconnects by itself, to any node, and goes on after the last event that it printed.',
    )
    .argument('[patterns...]', 'type.action.key, each part * or a comma list', ['*.*.*']);
  const command = ending(hearing(watching))
    .option('--until <pattern>', 'end with the first event that matches this pattern')
    .option(
      '--latest-per-key',
      'leave events out for which a newer one of their key is known: of the past, and while the output is slow',
    )
    .addOption(
      new Option(
        '--exec <command>',
        'run a command of the shell for each event, which it finds on its input',
      ).conflicts(['template', 'output']),
    )
    .addOption(
      new Option(
        '--template <text>',
        'print this for each event, with {{key}}, {{object.status}} and so on',
      ).conflicts('output'),
    )
    .addOption(
      new Option(
        '--view <view>',
        'steps: show how deploys, tasks and workflows of Norn, Mist and the Provisioning Platform go on',
      )
        .choices(VIEWS)
        .default('events')
        .conflicts(['exec', 'template']),
    )
    .action((patterns: string[], options: WatchOptions) =>
      withHub(options, (session) => watch(session, patterns, options)),
    );
  examples(command, {
    "belfry watch 'deploy.*.myapp' --since 10m":
      'what happened to the deploys of one app lately, and what happens',
    "belfry watch 'deploy.*.myapp' --until 'deploy.completed,failed.myapp' --for 15m": 'one deploy, in CI',
    "belfry watch 'deploy.*.myapp' --view steps": 'the steps of its deploys, drawn again as they go on',
    "belfry watch 'task.*.*' --filter object.status=Failed --exec 'jq -r .object.error'":
      'a command for each',
    "belfry watch --template '{{time}} {{type}}.{{action}} {{key}}'": 'lines of your own',
    "belfry watch 'machines.*.*' --count 1 --output json": 'the next event, for a program',
  });
};

async function watch(session: Session, patterns: readonly string[], options: WatchOptions): Promise<void> {
  const { count, until, filter, latestPerKey = false } = options;
  const { follow } = await import('../follow.ts');
  const printer = await eventPrinter(options);
  session.tellState(printer.note);
  const hidden = hiddenTypes(patterns);
  const last = until === undefined ? undefined : [readPattern(until)];
  const filters = readFilters(filter);
  const shown = patterns.map(readPattern);
  let left = count ?? Infinity;
  const take = async (event: HubEvent): Promise<boolean> => {
    const isLast = last !== undefined && matches(last, undefined, event);
    // No filter holds back the event that ends the watch.
    if (hidden.has(event.type) || !(isLast || matches(shown, filters, event))) return false;
    await printer.print(event);
    left--;
    return isLast || left <= 0;
  };
  try {
    const past = latestPerKey
      ? await latestOf(session, patterns, options, printer.note)
      : { since: options.since, events: [], hasGap: false };
    for (const event of past.events) if (await take(event)) return;
    const { since, hasGap } = past;
    const slow = latestPerKey ? 'latest-per-key' : undefined;
    const how = {
      since,
      slow,
      hasGap,
      forMs: options.for,
      awaited: awaited(options),
      note: printer.note,
    } as const;
    if (until === undefined) await follow(session, patterns, { ...how, filters }, take);
    else await follow(session, [...patterns, until], how, take);
  } finally {
    printer.end();
  }
}

/** What a watch that may end waits for. */
function awaited({ count, until }: WatchOptions): string | undefined {
  if (until !== undefined) return `An event that matches ${until}`;
  return count === undefined ? undefined : `The last of ${count} events`;
}

interface Past {
  /** Where the present begins. */
  readonly since: string | Date | undefined;
  readonly events: Iterable<HubEvent>;
  readonly hasGap: boolean;
}

/** The newest event of each key of the past, oldest first, and where the present begins. */
async function latestOf(
  { hub }: Session,
  patterns: readonly string[],
  { since, filter }: WatchOptions,
  tell: Note,
): Promise<Past> {
  const latest = new Map<string, HubEvent>();
  let at = since;
  let hasGap = false;
  if (since === undefined) return { since, events: [], hasGap };
  const filters = readFilters(filter);
  for await (const item of hub.history(patterns, { since, until: new Date(), ...(filters && { filters }) })) {
    if (item.gap !== undefined) {
      hasGap = true;
      tell(gapText(item.gap));
      continue;
    }
    const name = `${item.type}.${item.key}`;
    // A map keeps the place of a key that it has.
    latest.delete(name);
    latest.set(name, item);
    at = item.id ?? at;
  }
  return { since: at, events: latest.values(), hasGap };
}
