import {
  examples,
  hubCommand,
  note,
  untilStopped,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { CursorFile } from '../cursor-file.ts';
import { durationOption } from '../duration.ts';
import { CommandError } from '../errors.ts';
import { hearing, type EventOptions } from '../event-options.ts';
import { readFilters } from '../filters.ts';
import { hiddenTypes } from '../../../model/hidden-types.ts';
import { Output, type Shape } from '../output.ts';
import type { Session } from '../session.ts';
import { checkedUrl } from '../../webhooks/delivery.ts';
import type { Attempt, Progress } from '../../webhooks/delivery-queue.ts';
import { newSecret, readSecrets, type Secrets } from '../../webhooks/secrets.ts';

export interface ReceiverOptions extends HubOptions {
  readonly to: URL;
  readonly secret?: Secrets;
  readonly timeout: number;
}

interface ForwardOptions extends ReceiverOptions, EventOptions {
  readonly cursorFile?: string;
  readonly retryFor: number;
}

/** An attempt as it is printed. */
export const ATTEMPTS: Shape<Attempt> = {
  json: ({ event: { id = null, type, action, key }, ...rest }) =>
    JSON.stringify({ id, type, action, key, ...rest }),
  line: ({ time, status, ms, event, error, againMs }) => [
    [time, 'dim'],
    '  ',
    [`${status ?? '---'}`, error === null ? 'green' : 'red'],
    `  ${`${ms} ms`.padStart(8)}  `,
    [`${event.type}.${event.action}.${event.key}`, 'bold'],
    `  ${event.id ?? ''}`,
    error === null ? '' : `  ${error}; ${againMs === null ? 'given up' : `again in ${againMs} ms`}`,
  ],
};

/** `belfry forward`: events as webhooks. */
export const addForward: AddCommand = (program) => {
  const forwarding = receiving(
    hubCommand(program, 'forward')
      .description(
        'Post each event to a URL, signed as Standard Webhooks says, in order for each key, again until it is accepted.',
      )
      .argument('<patterns...>', 'type.action.key, each part * or a comma list'),
  );
  const command = hearing(forwarding)
    .option(
      '--cursor-file <file>',
      'keep here how far it came, and go on from there when it is started again',
    )
    .addOption(durationOption('--retry-for <time>', 'how long an event is tried', '5m'))
    .action((patterns: string[], options: ForwardOptions) =>
      withHub(options, (session) => forward(session, patterns, options)),
    );
  examples(command, {
    "belfry forward 'deploy.*.*' --to http://localhost:3000/hook":
      'to a program on this machine, while you write it',
    "belfry forward 'task.*.*' --to https://example.com/hook --cursor-file task.cursor":
      'as a service, which loses nothing when it is started again',
  });
};

/** Gives a command the options of what it sends events to. */
export function receiving<C extends ReturnType<typeof hubCommand>>(command: C): C {
  command
    .requiredOption('--to <url>', 'where to post the events', checkedUrl)
    .option(
      '--secret <secret>',
      'signs them (env: BELFRY_WEBHOOK_SECRET), two while one replaces the other; made and shown when absent',
      readSecrets,
    )
    .addOption(durationOption('--timeout <time>', 'how long an answer may take', '15s'));
  return command;
}

/** The secrets that were given, or else a new one, which is shown, since the receiver needs it. @throws UsageError */
export function secretsOf({ secret }: ReceiverOptions): Secrets {
  const { BELFRY_WEBHOOK_SECRET: set = '' } = process.env;
  if (secret !== undefined) return secret;
  if (set !== '') return readSecrets(set);
  const made = newSecret();
  note(`signed with ${made}; the receiver checks it as Standard Webhooks says`);
  return [made];
}

async function forward(
  session: Session,
  patterns: readonly string[],
  options: ForwardOptions,
): Promise<void> {
  const [{ follow }, { DeliveryQueue }] = await Promise.all([
    import('../follow.ts'),
    import('../../webhooks/delivery-queue.ts'),
  ]);
  const { to: url, timeout: timeoutMs, retryFor: retryForMs, filter, cursorFile } = options;
  session.tellState(note);
  const file = cursorFile === undefined ? undefined : new CursorFile(cursorFile);
  const from = file?.read() ?? beginOf(options.since);
  const rows = new Output(options).rows(ATTEMPTS);
  const hidden = hiddenTypes(patterns);
  const gone = new CommandError('refused', `${url.host} wants no more events: it answered with 410.`);
  const queue = new DeliveryQueue({
    receiver: { url, secrets: secretsOf(options), timeoutMs },
    retryForMs,
    from,
    signal: untilStopped(),
    tell: (attempt) => rows.print(attempt),
    progressed: () => file?.set(() => queue.progress),
    gone: () => session.fail(gone),
  });
  try {
    const how = { since: from.cursor, filters: readFilters(filter), note };
    await follow(session, patterns, how, async (event) => {
      if (hidden.has(event.type)) queue.pass(event);
      else await queue.take(event);
      return false;
    });
    await queue.end();
  } finally {
    file?.flush();
    rows.end();
  }
  const { delivered, undelivered } = queue.counts;
  if (undelivered === 0) return;
  throw new CommandError(
    'refused',
    `${undelivered} events were not accepted within ${retryForMs} ms each, ${delivered} were. "belfry resend <id>" sends one again.`,
  );
}

/** Where a first start begins. */
export function beginOf(since: EventOptions['since']): Progress {
  if (since === undefined) return { settled: [] };
  return { cursor: since instanceof Date ? since.toISOString() : since, settled: [] };
}
