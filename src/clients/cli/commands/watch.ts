import { Option } from 'commander';
import type { HubEvent } from '../../sdk/item.ts';
import { matches, readPattern } from '../../sdk/match.ts';
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
import { beginning, duration } from '../duration.ts';
import { EVENTS } from '../event-line.ts';
import { readFilters } from '../filters.ts';
import { Output } from '../output.ts';
import type { Session } from '../session.ts';

interface WatchOptions extends HubOptions {
  readonly since?: string | Date;
  readonly count?: number;
  readonly for?: number;
  readonly until?: string;
  readonly filter: readonly string[];
  readonly latestPerKey?: boolean;
  readonly exec?: string;
  readonly template?: string;
}

/**
 * The event types that tell of connections that open and close. In a watch of everything they would hide the other
 * events, so they are shown only when a pattern names them.
 */
const COMINGS = ['connections', 'presence'];

/** `belfry watch`: events as they happen. */
export const addWatch: AddCommand = (program) => {
  const command = hubCommand(program, 'watch')
    .description(
      'Print events as they happen. It reconnects by itself, to any node, and goes on after the last event that it printed.',
    )
    .argument('[patterns...]', 'type.action.key, each part * or a comma list', ['*.*.*'])
    .option(
      '-s, --since <when>',
      'begin so long ago (10m), after the event with this id, or at this time',
      beginning,
    )
    .option('-n, --count <events>', 'end after so many events', wholeNumber)
    .option('--for <time>', 'end after this time, as in 30s', duration)
    .option('--until <pattern>', 'end with the first event that matches this pattern')
    .option('-f, --filter <path=value>', 'only events with this value there; again for more', collect, [])
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
    .action((patterns: string[], options: WatchOptions) =>
      withHub(options, (session) => watch(session, patterns, options)),
    );
  examples(command, {
    "belfry watch 'deploy.*.myapp' --since 10m":
      'what happened to the deploys of one app lately, and what happens',
    "belfry watch 'deploy.*.myapp' --until 'deploy.completed,failed.myapp' --for 15m": 'one deploy, in CI',
    "belfry watch 'task.*.*' --filter object.status=Failed --exec 'jq -r .object.error'":
      'a command for each',
    "belfry watch --template '{{time}} {{type}}.{{action}} {{key}}'": 'lines of your own',
    "belfry watch 'machines.*.*' --count 1 --output json": 'the next event, for a program',
  });
};

async function watch(session: Session, patterns: readonly string[], options: WatchOptions): Promise<void> {
  const { count, until, filter, latestPerKey = false } = options;
  const { follow } = await import('../follow.ts');
  session.tellState(note);
  const printer = await printerOf(options);
  const named = new Set(patterns.flatMap(typesOf));
  const hidden = new Set(COMINGS.filter((type) => !named.has(type)));
  const last = until === undefined ? undefined : [readPattern(until)];
  const filters = readFilters(filter);
  let left = count ?? Infinity;
  const take = async (event: HubEvent): Promise<boolean> => {
    if (hidden.has(event.type)) return false;
    await printer.print(event);
    left--;
    return left <= 0 || (last !== undefined && matches(last, undefined, event));
  };
  try {
    const past = latestPerKey
      ? await latestOf(session, patterns, options)
      : { since: options.since, events: [] };
    for (const event of past.events) if (await take(event)) return;
    const { since } = past;
    const slow = latestPerKey ? 'latest-per-key' : undefined;
    const how = { since, filters, slow, forMs: options.for, awaited: awaited(options) } as const;
    await follow(session, until === undefined ? patterns : [...patterns, until], how, take);
  } finally {
    printer.end();
  }
}

function typesOf(pattern: string): readonly string[] {
  return (pattern.split('.', 1)[0] ?? '').split(',');
}

/** What a watch that may end waits for. */
function awaited({ count, until }: WatchOptions): string | undefined {
  if (until !== undefined) return `An event that matches ${until}`;
  return count === undefined ? undefined : `The last of ${count} events`;
}

/** The newest event of each key of the past, oldest first, and where the present begins. */
async function latestOf(
  { hub }: Session,
  patterns: readonly string[],
  { since, filter }: WatchOptions,
): Promise<{ readonly since: string | Date | undefined; readonly events: Iterable<HubEvent> }> {
  const latest = new Map<string, HubEvent>();
  let at = since;
  if (since === undefined) return { since, events: [] };
  const filters = readFilters(filter);
  for await (const item of hub.history(patterns, { since, until: new Date(), ...(filters && { filters }) })) {
    if (item.gap !== undefined) continue;
    const name = `${item.type}.${item.key}`;
    // A map keeps the place of a key that it has.
    latest.delete(name);
    latest.set(name, item);
    at = item.id ?? at;
  }
  return { since: at, events: latest.values() };
}

interface Printer {
  print(event: HubEvent): void | Promise<void>;
  end(): void;
}

function nothing(): void {}

async function printerOf(options: WatchOptions): Promise<Printer> {
  const { exec, template } = options;
  if (exec !== undefined) {
    const { runForEvent } = await import('../run-for-event.ts');
    return { print: (event) => runForEvent(exec, event), end: nothing };
  }
  if (template !== undefined) {
    const { templateOf } = await import('../template.ts');
    const write = templateOf(template);
    return { print: ({ text }) => void process.stdout.write(`${write(text)}\n`), end: nothing };
  }
  return new Output(options).rows(EVENTS);
}
