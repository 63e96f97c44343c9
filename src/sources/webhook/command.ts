import { examples, wholeNumber, type AddCommand } from '../../clients/cli/command.ts';
import { UsageError } from '../../clients/cli/errors.ts';
import { asSource, sourceCommand } from '../command.ts';
import { listenAddress, variableOption, type ListenAddress, type SourceOptions } from '../options.ts';
import type { CheckName } from './checks.ts';
import type { Hooks } from './hooks-config.ts';

interface Options extends SourceOptions {
  readonly receive: ListenAddress;
  readonly maxBytes: number;
  readonly config?: string;
  readonly hook?: string;
  readonly check?: string;
  readonly secretFile?: string;
  readonly topic?: string;
  readonly header?: string;
}

const MIB = 1_048_576;
/** Where the secret of the only hook is, if no file holds it. */
const SECRET = 'BELFRY_SOURCE_SECRET';

/** `belfry source webhook`: what others post. */
export const addWebhook: AddCommand = (sources) => {
  const command = sourceCommand(sources, 'webhook').description(
    'Receive webhooks at /hooks/<name>, check their signatures and publish them. 2xx is answered only once the hub has them.',
  );
  variableOption(command, {
    flags: '--receive <[host:]port>',
    description: 'receive them here',
    variable: 'BELFRY_SOURCE_RECEIVE',
    usual: [{ host: undefined, port: 8_810 }, '8810'],
    parse: listenAddress,
  });
  variableOption(command, {
    flags: '--config <file>',
    description: 'YAML file with hooks',
    variable: 'BELFRY_SOURCE_CONFIG',
  });
  variableOption(command, {
    flags: '--hook <name>',
    description: `instead of a file: the only hook, whose secret is in --secret-file or ${SECRET}`,
    variable: 'BELFRY_SOURCE_HOOK',
  });
  variableOption(command, {
    flags: '--check <how>',
    description: 'how its sender signs: standard, github, stripe, gitlab or token',
    variable: 'BELFRY_SOURCE_CHECK',
  });
  variableOption(command, {
    flags: '--secret-file <file>',
    description: 'its secret; two lines while one replaces the other',
    variable: 'BELFRY_SOURCE_SECRET_FILE',
  });
  variableOption(command, {
    flags: '--topic <template>',
    description: 'type.action.key of its events, with {{header.<name>}}, {{body.<path>}} and {{hook}}',
    variable: 'BELFRY_SOURCE_TOPIC',
  });
  variableOption(command, {
    flags: '--header <name>',
    description: 'the header that holds the secret, for --check token',
    variable: 'BELFRY_SOURCE_HEADER',
  });
  variableOption(command, {
    flags: '--max-bytes <bytes>',
    description: 'the largest body',
    variable: 'BELFRY_SOURCE_MAX_BYTES',
    usual: [MIB, '1 MiB, as the hub takes'],
    parse: wholeNumber,
  });
  command.action(async (options: Options) => {
    const hooks = await hooksOf(options);
    await asSource('webhook', options, async (context) => {
      const { webhookSource } = await import('./webhook.ts');
      return webhookSource(context, { ...options, hooks });
    });
  });
  examples(command, {
    'belfry source webhook --config hooks.yaml': 'the hooks of this file',
    'belfry source webhook --hook github --check github --secret-file github.secret':
      'what GitHub posts to /hooks/github',
  });
};

/** @throws UsageError */
async function hooksOf({ config, hook, check, secretFile, topic, header }: Options): Promise<Hooks> {
  const { readHooks, hookOf, CHECK_NAMES } = await import('./hooks-config.ts');
  if ((config === undefined) === (hook === undefined))
    throw new UsageError(
      'It is not clear what to receive. Expected either --config, or --hook with --check.',
    );
  if (hook === undefined) return readHooks(config ?? '');
  if (!CHECK_NAMES.includes(check as CheckName))
    throw new UsageError(`--check is ${check ?? 'missing'}. Expected one of ${CHECK_NAMES.join(', ')}.`);
  const place = secretFile === undefined ? { secretEnv: SECRET } : { secretFile };
  return new Map([[hook, hookOf(hook, { check: check as CheckName, topic, header, ...place })]]);
}
