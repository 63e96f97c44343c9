#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { signToken, startApp, VERSION } from './app.ts';
import { banner } from './clients/cli/banner.ts';
import { bench, benchTable, type BenchOptions } from './clients/cli/bench.ts';
import { progressOn } from './clients/cli/progress.ts';
import { publish, type PublishOptions } from './clients/cli/publish.ts';
import { DEFAULT_URL, UsageError, type TargetOptions } from './clients/cli/target.ts';
import { watch, type WatchOptions } from './clients/cli/watch.ts';
import { describeConfig, loadConfig, type Config } from './config.ts';
import { BelfryError } from './model/errors.ts';
import { hashPassword } from './model/password.ts';
import { Pattern } from './model/pattern.ts';
import { ADMIN } from './model/principal.ts';

const BANNER_TOKEN_TTL_S = 86_400;

const program = new Command('belfry')
  .description('An event hub: publish with one command, hear on every node.')
  .version(VERSION)
  .showHelpAfterError();

program
  .command('serve')
  .description('Run a node. Settings come from BELFRY_* variables or a YAML file; see "belfry check".')
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .action(async (options: { config?: string }) => serve(configOf(options)));

program
  .command('check')
  .description('Print the settings as the node would use them, secrets hidden, and end 1 if one is wrong.')
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .action((options: { config?: string }) => check(configOf(options)));

targeted(program.command('publish'))
  .description(
    'Publish an event: type.action.key with its object as JSON, a whole event as JSON, or - to read one.',
  )
  .argument('<what>', 'type.action.key, an event or a list of events as JSON, or - for standard input')
  .argument('[object]', 'the object as JSON')
  .option('-d, --dialect <name>', 'the spelling of the event; recognised by its fields when absent')
  .option('-k, --idempotency-key <key>', 'publish at most once under this key, within five minutes')
  .action(async (what: string, object: string | undefined, options: PublishOptions) => {
    const ids = await publish(what === '-' ? await text(process.stdin) : what, object, options);
    console.log(ids.join('\n'));
  });

targeted(program.command('watch'))
  .description('Print events as they happen, reconnecting by itself.')
  .argument('[patterns...]', 'type.action.key, each part * or a comma list', ['*.*.*'])
  .option('-d, --dialect <name>', 'native or drp', 'native')
  .option('-j, --json', 'print each event as one line of JSON, as it came')
  .option('-s, --since <cursor>', 'begin after this event (native)')
  .action(async (patterns: string[], options: Omit<WatchOptions, 'print' | 'note'>) => {
    const ended = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
    await watch(patterns, { ...options, print: console.log, note }, ended.signal);
  });

targeted(program.command('bench'))
  .description(
    'Open connections to a hub, publish events to them over HTTP, and print what came back, how soon.',
  )
  .argument('[url]', 'the hub, as with --url')
  .option('-n, --connections <count>', 'connections, all of one pattern', wholeNumber, 1_000)
  .option('-p, --pattern <pattern>', 'what they hear, and what is published', 'bench.tick.*')
  .option('-r, --rate <events>', 'events a second', wholeNumber, 100)
  .option('-d, --duration <seconds>', 'how long to publish', wholeNumber, 10)
  .option('-s, --size <bytes>', 'filling in each event', wholeNumber, 64)
  .option('-j, --json', 'print the result as JSON')
  .action(async (url: string | undefined, options: BenchOptions & { json?: boolean }) => {
    const progress = progressOn(process.stderr);
    const result = await bench({ ...options, url: url ?? options.url, progress });
    console.log(options.json === true ? JSON.stringify(result) : benchTable(result));
  });

program
  .command('token')
  .description('Make a token with the secret of the settings.')
  .argument('<principal>', 'user name, or a principal such as runner:<uuid>')
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .option('-r, --role <role...>', 'roles it holds; admin may everything', [])
  .option('--subscribe <pattern...>', 'patterns it may hear')
  .option('--publish <pattern...>', 'patterns it may publish')
  .option('-t, --ttl <seconds>', 'lifetime', wholeNumber)
  .action(async (subject: string, options: TokenOptions) => {
    const config = configOf(options);
    if (config.secretMade)
      throw new UsageError(
        'There is no secret to sign with. Expected BELFRY_JWT_SECRET, the same as the node has.',
      );
    for (const pattern of [...(options.subscribe ?? []), ...(options.publish ?? [])]) Pattern.parse(pattern);
    const unknown = options.role.filter((role) => role !== ADMIN && !Object.hasOwn(config.roles, role));
    if (unknown.length > 0) note(`nobody has defined the role ${unknown.join(', ')} here; it grants nothing`);
    if (subject.trim() === '')
      throw new UsageError(
        'The principal is empty. Expected a user name, or a principal such as runner:<uuid>.',
      );
    const { role: roles, subscribe, publish: publishes, ttl: ttlS = config.tokenTtlS } = options;
    console.log(
      await signToken(config, {
        subject,
        roles,
        ttlS,
        ...(subscribe && { subscribe }),
        ...(publishes && { publish: publishes }),
      }),
    );
  });

program
  .command('hash')
  .description('Read a password from standard input and print its hash for BELFRY_USERS.')
  .action(async () => {
    const password = (await text(process.stdin)).replace(/\r?\n$/, '');
    if (password === '')
      throw new UsageError(
        "No password was given. Expected it on standard input: printf %s 'secret' | belfry hash",
      );
    console.log(await hashPassword(password));
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BelfryError || error instanceof UsageError)) throw error;
  console.error(`belfry: ${error.message}${error instanceof BelfryError ? `\nSee ${error.see}` : ''}`);
  process.exitCode = 1;
}

interface TokenOptions {
  readonly config?: string;
  readonly role: string[];
  readonly subscribe?: string[];
  readonly publish?: string[];
  readonly ttl?: number;
}

function targeted(command: Command): Command {
  const { BELFRY_URL: url = DEFAULT_URL, BELFRY_TOKEN: token } = process.env as Partial<
    Record<string, string>
  >;
  return command
    .option('-u, --url <url>', 'the hub (BELFRY_URL)', url)
    .option('-t, --token <token>', 'a token, or name:password (BELFRY_TOKEN)', token)
    .option('-i, --insecure', 'accept a certificate that nobody vouches for') satisfies {
    opts(): TargetOptions;
  };
}

function note(line: string): void {
  console.error(`belfry: ${line}`);
}

function configOf({ config }: { config?: string }): Config {
  return loadConfig(config === undefined ? process.env : { ...process.env, BELFRY_CONFIG: config });
}

async function serve(config: Config): Promise<void> {
  const app = await startApp(config);
  if (config.secretMade) {
    const token = await signToken(config, { subject: 'admin', roles: ['admin'], ttlS: BANNER_TOKEN_TTL_S });
    console.log(banner(app.listening, config.node, token));
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void app.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  stopWithNpm(stop);
}

/** npm does not hand its signals on; when it is gone, so is whoever started this node. */
function stopWithNpm(stop: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, 500).unref();
}

function check(config: Config): void {
  for (const { name, value, source, description } of describeConfig(config)) {
    console.log(`${name}=${value}  # ${source}. ${description}`);
  }
}

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`"${value}" is not usable. Expected a positive whole number.`);
}
