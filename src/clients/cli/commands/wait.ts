import type { HubEvent } from '../../sdk/item.ts';
import { matches, readPattern } from '../../sdk/match.ts';
import {
  collect,
  examples,
  hubCommand,
  note,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { beginning, durationOption } from '../duration.ts';
import { CommandError } from '../errors.ts';
import { EVENTS } from '../event-line.ts';
import { readFilters } from '../filters.ts';
import { Output } from '../output.ts';
import type { Session } from '../session.ts';

interface WaitOptions extends HubOptions {
  readonly failOn: readonly string[];
  readonly filter: readonly string[];
  readonly since?: string | Date;
  readonly timeout: number;
}

/** `belfry wait`: the next step of a script may begin. */
export const addWait: AddCommand = (program) => {
  const command = hubCommand(program, 'wait')
    .description(
      'Wait for an event, and print it. Ends with 0 when it came, 1 when one of --fail-on came first, 124 in the end.',
    )
    .argument('<patterns...>', 'what is waited for: type.action.key, each part * or a comma list')
    .option('--fail-on <pattern>', 'what says that it will not come; again for more', collect, [])
    .option(
      '-f, --filter <path=value>',
      'what is waited for has this value there; again for more',
      collect,
      [],
    )
    .option(
      '-s, --since <when>',
      'it may have come already: so long ago (10m), after the event with this id, or since this time',
      beginning,
    )
    .addOption(durationOption('--timeout <time>', 'how long to wait', '10m'))
    .action((patterns: string[], options: WaitOptions) =>
      withHub(options, (session) => wait(session, patterns, options)),
    );
  examples(command, {
    'belfry wait deploy.completed.myapp --fail-on deploy.failed.myapp --timeout 15m':
      'a step of CI that follows a deploy',
    "belfry wait 'task.*.42' --filter object.status=Completed --filter object.status=Done":
      'one of two states',
    'belfry wait db.migrated.shop --since 1h && ./start-shop': 'also where it happened before',
  });
};

async function wait(session: Session, patterns: readonly string[], options: WaitOptions): Promise<void> {
  const { follow } = await import('../follow.ts');
  const { failOn, since, timeout } = options;
  session.tellState(note);
  const wanted = patterns.map(readPattern);
  const failing = failOn.map(readPattern);
  const filters = readFilters(options.filter);
  let found: HubEvent | undefined;
  let hasFailed = false;
  const take = (event: HubEvent): boolean => {
    hasFailed = matches(failing, undefined, event);
    if (hasFailed || matches(wanted, filters, event)) found = event;
    return found !== undefined;
  };
  await follow(
    session,
    [...patterns, ...failOn],
    { since, note, forMs: timeout, awaited: `An event that matches ${patterns.join(' or ')}` },
    take,
  );
  if (found !== undefined) new Output(options).all([found], EVENTS);
  if (hasFailed)
    throw new CommandError(
      'refused',
      `It failed: ${found?.type}.${found?.action}.${found?.key} matches one of --fail-on.`,
    );
}
