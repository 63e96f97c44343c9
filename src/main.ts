#!/usr/bin/env node
import module from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { examples, note, printing, wholeNumber } from './clients/cli/command.ts';
import { HUB_COMMANDS } from './clients/cli/commands/index.ts';
import { UsageError } from './clients/cli/errors.ts';
import { EXIT } from './clients/cli/exit-codes.ts';
import { Output, type OutputOptions } from './clients/cli/output.ts';
import { endWithReader, prepare, runProgram } from './clients/cli/run.ts';
import { addSink } from './sinks/index.ts';
import { addSource } from './sources/index.ts';
import type { Logger } from 'pino';
import type { App } from './app.ts';
import type { Config } from './config/config.ts';
import { VERSION } from './config/version.ts';
import { CLOSE, type Close } from './model/close-codes.ts';
import { ADMIN } from './model/principal.ts';

const BANNER_TOKEN_TTL_S = 86_400;
/** No node may be running that could serve the pages, so that an error names the file beside this one. */
const PAGES = fileURLToPath(new URL('docs/reference/', import.meta.url));

/*
 * Each command loads its modules when it runs, and Node keeps what it compiled. So a command that needs no hub answers
 * at once.
 */
if ('enableCompileCache' in module) module.enableCompileCache();
if (!('escape' in RegExp)) await import('./older-node.ts');

const program = new Command('belfry')
  .description('An event hub: publish with one command, receive on every node.')
  .version(VERSION);
prepare(program);

examples(program.command('serve'), {
  'belfry serve': 'runs a hub by itself, and keeps the context "local" for it',
  'BELFRY_REDIS_URL=redis://localhost:6379 BELFRY_JWT_SECRET=… belfry serve':
    'runs a node of a hub that shares a Redis',
  'BELFRY_REDIS_URL=redis://localhost:6379 BELFRY_JWT_SECRET=… belfry serve --workers auto':
    'runs a node for each core, all on the same ports',
})
  .description('Run a node. Settings come from BELFRY_* variables or a YAML file; see "belfry check".')
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .option('-w, --workers <count>', 'processes that share the listeners: a number, or auto (BELFRY_WORKERS)')
  .action(async (options: { config?: string; workers?: string }) => serve(await configOf(options)));

examples(printing(program.command('check')), {
  'belfry check --config belfry.yaml': 'the settings of this file',
})
  .description(
    'Print the settings as the node would use them, with secrets hidden. End with 2 if one is wrong.',
  )
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .action(async (options: OutputOptions & { config?: string }) => check(await configOf(options), options));

for (const add of HUB_COMMANDS) add(program);
addSource(program);
addSink(program);

examples(printing(program.command('token')), {
  'belfry token ann --role admin': 'a token that permits everything',
  "belfry token runner:1 --subscribe 'deploy.*.*' --ttl 3600":
    'a token for an hour, for what happens to deploys',
})
  .description('Make a token, signed with the secret of the settings.')
  .argument('<principal>', 'user name, or a principal such as runner:<uuid>')
  .option('-c, --config <file>', 'YAML file with settings (BELFRY_CONFIG)')
  .option('-r, --role <role...>', 'roles that it holds; the role admin permits everything', [])
  .option('--subscribe <pattern...>', 'patterns that it may receive')
  .option('--publish <pattern...>', 'patterns that it may publish')
  .option('-t, --ttl <seconds>', 'lifetime', wholeNumber)
  .action(async (subject: string, options: TokenOptions) => {
    const config = await configOf(options);
    if (config.secretMade)
      throw new UsageError(
        'There is no secret to sign with. Expected BELFRY_JWT_SECRET, the same as the node has.',
      );
    const { Pattern } = await import('./model/pattern.ts');
    for (const pattern of [...(options.subscribe ?? []), ...(options.publish ?? [])]) Pattern.parse(pattern);
    const unknown = options.role.filter((role) => role !== ADMIN && !Object.hasOwn(config.roles, role));
    if (unknown.length > 0)
      note(`BELFRY_ROLES does not define ${unknown.join(', ')} here; a dialect may still know it`);
    if (subject.trim() === '')
      throw new UsageError(
        'The principal is empty. Expected a user name, or a principal such as runner:<uuid>.',
      );
    const { signToken } = await import('./app-token.ts');
    const { role: roles, subscribe, publish: publishes, ttl: ttlS = config.tokenTtlS } = options;
    const token = await signToken(config, {
      subject,
      roles,
      ttlS,
      ...(subscribe && { subscribe }),
      ...(publishes && { publish: publishes }),
    });
    printOne({ token }, token, options);
  });

examples(printing(program.command('hash')), { "printf %s 'secret' | belfry hash": 'a line for BELFRY_USERS' })
  .description('Read a password from standard input and print its hash for BELFRY_USERS.')
  .action(async (options: OutputOptions) => {
    const password = (await text(process.stdin)).replace(/\r?\n$/, '');
    if (password === '')
      throw new UsageError(
        "No password was given. Expected it on standard input: printf %s 'secret' | belfry hash",
      );
    const { hashPassword } = await import('./model/password.ts');
    const hash = await hashPassword(password);
    printOne({ hash }, hash, options);
  });

endWithReader(process.stdout);
process.exitCode = await runProgram(program, process.argv.slice(2), PAGES);
// A worker that could not start would wait for what its supervisor says.
if (process.exitCode !== EXIT.ok.code && process.connected) process.exit();

interface TokenOptions extends OutputOptions {
  readonly config?: string;
  readonly role: string[];
  readonly subscribe?: string[];
  readonly publish?: string[];
  readonly ttl?: number;
}

async function configOf({ config, workers }: { config?: string; workers?: string }): Promise<Config> {
  const { loadConfig } = await import('./config/config.ts');
  return loadConfig({
    ...process.env,
    ...(config !== undefined && { BELFRY_CONFIG: config }),
    ...(workers !== undefined && { BELFRY_WORKERS: workers }),
  });
}

async function serve(config: Config): Promise<void> {
  const [{ default: cluster }, { logger }] = await Promise.all([
    import('node:cluster'),
    import('./app-log.ts'),
  ]);
  const log = logger(config);
  if (cluster.isWorker) await (await import('./app-worker.ts')).runWorker(config, log);
  else if (config.workers > 1) await serveWithWorkers(config, log);
  else await serveAlone(config, log);
}

async function serveWithWorkers(config: Config, log: Logger): Promise<void> {
  const [{ supervisorOf }, { endLog }] = await Promise.all([
    import('./app-supervisor.ts'),
    import('./app-log.ts'),
  ]);
  const supervisor = supervisorOf(config, log);
  stopOnSignals(config, async (windowMs, why) => {
    const endedWell = await supervisor.stop({ windowMs, why });
    await endLog(log);
    return endedWell ? EXIT.ok.code : EXIT.refused.code;
  });
  const order = { windowMs: config.drainWindowMs, why: CLOSE.restart };
  process.on('SIGUSR2', () => void supervisor.restart(order));
  const failed = await supervisor.start();
  // The worker has said why.
  if (failed !== undefined) process.exit(failed.code ?? EXIT.refused.code);
}

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const [{ startApp }, { endLog }] = await Promise.all([import('./app.ts'), import('./app-log.ts')]);
  let app: App | undefined;
  // A node that is still starting has no connections, so it ends at once.
  stopOnSignals(config, async (windowMs, why) => {
    // Other processes may have the same ports, and take the new connections.
    await app?.stop(windowMs, why, config.reusePort === 'on');
    await endLog(log);
  });
  app = await startApp(config, log);
  if (config.secretMade) await greet(config, app);
  log.info(app.started, 'started');
  // Started otherwise, as by a supervisor, a node builds it when somebody first asks for it.
  if (process.env['npm_lifecycle_event'] === 'start') app.buildConsole();
}

/** Prints what a person sees first who tries the hub. */
async function greet(config: Config, { listening }: App): Promise<void> {
  const [{ signToken }, { banner }] = await Promise.all([
    import('./app-token.ts'),
    import('./clients/cli/banner.ts'),
  ]);
  const token = await signToken(config, { subject: 'admin', roles: ['admin'], ttlS: BANNER_TOKEN_TTL_S });
  const { node, console: ofConsole } = config;
  const isTerminal = process.stdout.isTTY;
  const hasConsole = ofConsole === 'on';
  console.log(banner({ listeners: listening, node, version: VERSION, token, hasConsole, isTerminal }));
}

function stopOnSignals(
  { drainWindowMs }: Config,
  stopApp: (windowMs: number, why: Close) => Promise<number | void>,
): void {
  let stopping = false;
  const stop = (windowMs: number, why: Close): void => {
    // A second signal ends the process at once.
    if (stopping) process.exit(1);
    stopping = true;
    void stopApp(windowMs, why).then((code) => process.exit(code ?? EXIT.ok.code));
  };
  process.on('SIGTERM', () => stop(drainWindowMs, CLOSE.draining));
  // Supervisors send this signal before they start the process again.
  process.on('SIGHUP', () => stop(drainWindowMs, CLOSE.restart));
  // A person at a terminal sent this signal, and does not want to wait.
  const stopAtOnce = (): void => stop(0, CLOSE.draining);
  process.on('SIGINT', stopAtOnce);
  stopWithNpm(stopAtOnce);
}

/** npm does not pass signals on. When npm has ended, the person who started this node has ended it too. */
function stopWithNpm(stop: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, 500).unref();
}

async function check(config: Config, options: OutputOptions): Promise<void> {
  const { describeConfig } = await import('./config/description.ts');
  new Output(options).all(describeConfig(config), {
    line: ({ name, value, source, description }) => [
      [name, 'bold'],
      `=${value}`,
      [`  # ${source}. ${description}`, 'dim'],
    ],
  });
}

/** Prints one text, as itself where nobody asked for another format, so that a shell can use it as it is. */
function printOne(fields: object, plain: string, options: OutputOptions): void {
  const output = new Output(options);
  if (output.format === 'table') console.log(plain);
  else output.one(fields);
}
