import { examples, targetOptions, wholeNumber, type AddCommand } from '../../clients/cli/command.ts';
import { beginning, duration } from '../../clients/cli/duration.ts';
import { UsageError } from '../../clients/cli/errors.ts';
import { readFilters } from '../../clients/cli/filters.ts';
import { collect } from '../../clients/cli/command.ts';
import type { TargetOptions } from '../../clients/cli/target.ts';
import { checkedUrl } from '../../clients/webhooks/delivery.ts';
import { listenAddress, variableOption, type ListenAddress } from '../../sources/options.ts';

interface Options extends TargetOptions {
  readonly to: URL;
  readonly name: string;
  readonly secretFile?: string;
  readonly since?: string | Date;
  readonly filter: readonly string[];
  readonly retryFor: number;
  readonly timeout: number;
  readonly keys: number;
  readonly listen?: ListenAddress;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** `belfry sink webhook`: events as webhooks, as a service. */
export const addWebhookSink: AddCommand = (sinks) => {
  const command = targetOptions(sinks.command('webhook'))
    .description(
      'Post each event to a URL, signed as Standard Webhooks says, in order for each key, until it is accepted or is a dead letter.',
    )
    .argument('<patterns...>', 'type.action.key, each part * or a comma list');
  variableOption(command, {
    flags: '--to <url>',
    description: 'where to post the events',
    variable: 'BELFRY_SINK_TO',
    required: true,
    parse: checkedUrl,
  });
  variableOption(command, {
    flags: '--name <name>',
    description: 'the name under which the hub keeps how far it came; replicas have the same',
    variable: 'BELFRY_SINK_NAME',
    required: true,
    parse: checkedName,
  });
  variableOption(command, {
    flags: '--secret-file <file>',
    description:
      'signs the posts (otherwise: env BELFRY_WEBHOOK_SECRET); two lines while one replaces the other',
    variable: 'BELFRY_SINK_SECRET_FILE',
  });
  variableOption(command, {
    flags: '--retry-for <time>',
    description: 'how long an event is tried before it is a dead letter',
    variable: 'BELFRY_SINK_RETRY_FOR',
    usual: [duration('1h'), '1h'],
    parse: duration,
  });
  variableOption(command, {
    flags: '--timeout <time>',
    description: 'how long an answer may take',
    variable: 'BELFRY_SINK_TIMEOUT',
    usual: [duration('15s'), '15s'],
    parse: duration,
  });
  variableOption(command, {
    flags: '--keys <count>',
    description: 'events of how many keys are posted at a time',
    variable: 'BELFRY_SINK_KEYS',
    usual: [16, '16'],
    parse: wholeNumber,
  });
  variableOption(command, {
    flags: '--since <when>',
    description:
      'where the first start of this name begins: so long ago (10m), after the event with this id, or at this time; otherwise now',
    variable: 'BELFRY_SINK_SINCE',
    parse: beginning,
  });
  variableOption(command, {
    flags: '--listen <[host:]port>',
    description: 'serve /healthz, /readyz and /metrics here',
    variable: 'BELFRY_SINK_LISTEN',
    parse: listenAddress,
  });
  command
    .option('-f, --filter <path=value>', 'only events with this value there; again for more', collect, [])
    .action(async (patterns: string[], options: Options) => {
      const { to: url, timeout: timeoutMs, retryFor: retryForMs, keys: keysAtATime, since, filter } = options;
      const [{ runWebhookSink }, secrets] = await Promise.all([import('./run.ts'), secretsOf(options)]);
      return runWebhookSink({
        ...options,
        patterns,
        filters: readFilters(filter),
        since: since instanceof Date ? since.toISOString() : since,
        receiver: { url, secrets, timeoutMs },
        retryForMs,
        keysAtATime,
      });
    });
  examples(command, {
    "belfry sink webhook 'task.*.*' --to https://example.com/hook --name billing":
      'every event of tasks, and after a restart those that came meanwhile',
  });
};

function checkedName(text: string): string {
  if (NAME.test(text)) return text;
  throw new UsageError(`"${text}" is no name of a sink. Expected 1 to 64 letters, digits, _ or -.`);
}

async function secretsOf({ secretFile }: Options) {
  const [{ readFileSync }, { readSecrets }] = await Promise.all([
    import('node:fs'),
    import('../../clients/webhooks/secrets.ts'),
  ]);
  const { BELFRY_WEBHOOK_SECRET: set = '' } = process.env;
  if (secretFile === undefined && set === '')
    throw new UsageError(
      'There is no secret to sign with. Expected --secret-file, or the variable BELFRY_WEBHOOK_SECRET.',
    );
  try {
    return readSecrets(secretFile === undefined ? set : readFileSync(secretFile, 'utf8'));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${secretFile ?? ''} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
