import { text } from 'node:stream/consumers';
import { Option, type Command } from 'commander';
import type { BenchOptions } from './bench.ts';
import type { CloseOptions, ListOptions } from './connections.ts';
import type { PublishOptions } from './publish.ts';
import { DEFAULT_URL, UsageError, type TargetOptions } from './target.ts';
import type { WatchOptions } from './watch.ts';

/** The commands that talk to a hub over the network, wherever the hub runs. */
export function addRemoteCommands(program: Command): void {
  addEventCommands(program);
  addDeadLetterCommands(
    program
      .command('dead-letters')
      .description('List, show, retry or delete the entries that the ingress could not accept.'),
  );
  addConnectionCommands(
    program.command('connections').description('List, show, watch or close the connections of all nodes.'),
  );
  addBench(program);
}

function addEventCommands(program: Command): void {
  targeted(program.command('publish'))
    .description(
      'Publish an event: type.action.key with its object as JSON, a whole event as JSON, or - to read one.',
    )
    .argument('<what>', 'type.action.key, an event or a list of events as JSON, or - for standard input')
    .argument('[object]', 'the object as JSON')
    .option('-d, --dialect <name>', 'the format of the event; recognised by its fields when absent')
    .option('-k, --idempotency-key <key>', 'publish at most once under this key, within five minutes')
    .action(async (what: string, object: string | undefined, options: PublishOptions) => {
      const { publish } = await import('./publish.ts');
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
      const { watch } = await import('./watch.ts');
      await watch(patterns, { ...options, print: console.log, note }, untilStopped());
    });
}

const deadLetters = () => import('./dead-letters.ts');
const connected = () => import('./connections.ts');

function addDeadLetterCommands(command: Command): void {
  targeted(command.command('list', { isDefault: true }))
    .description('Print the id, time and reason of each dead letter, oldest first.')
    .action(async (options: TargetOptions) => printAll((await deadLetters()).listDeadLetters(options)));

  targeted(command.command('show'))
    .description('Print one dead letter with its text, as JSON.')
    .argument('<id>', 'its id in the list')
    .action(async (id: string, options: TargetOptions) =>
      console.log(await (await deadLetters()).showDeadLetter(id, options)),
    );

  targeted(command.command('retry'))
    .description('Put dead letters back into the ingress and print their ids.')
    .argument('[ids...]', 'their ids in the list')
    .option('-a, --all', 'all dead letters there are now')
    .action(async (ids: string[], options: TargetOptions & { all?: boolean }) =>
      printAll((await deadLetters()).retryDeadLetter(ids, options)),
    );

  targeted(command.command('delete'))
    .description('Delete dead letters and print their ids.')
    .argument('<ids...>', 'their ids in the list')
    .action(async (ids: string[], options: TargetOptions) =>
      printAll((await deadLetters()).deleteDeadLetter(ids, options)),
    );
}

function addConnectionCommands(connections: Command): void {
  targeted(connections.command('list'))
    .description('Print the connections that match all filters.')
    .argument('[filters...]', 'Field=value or Field=Fn(value), as Principal=user:ada', [])
    .option('-s, --sort <fields>', 'fields to sort by, comma-separated')
    .option('-r, --reverse', 'the other way round')
    .option('-l, --limit <count>', 'how many at most')
    .option('-j, --json', 'print each connection as one line of JSON')
    .action(async (filters: string[], options: ListOptions) =>
      (await connected()).listConnections(filters, options, console.log),
    );

  targeted(connections.command('show'))
    .description('Print one connection as JSON.')
    .argument('<name>', 'its address or id')
    .action(async (name: string, options: TargetOptions) =>
      (await connected()).showConnection(name, options, console.log),
    );

  targeted(connections.command('watch'))
    .description('Print who is connected, then who comes and goes, reconnecting by itself.')
    .option('-j, --json', 'print connections and events as lines of JSON')
    .action(async (options: ListOptions) =>
      (await connected()).watchConnections({ ...options, print: console.log, note }, untilStopped()),
    );

  targeted(connections.command('close'))
    .description('Close connections on whichever node they are, and print them once they are gone.')
    .argument('[name]', 'address or id of one')
    .option('--principal <principal>', 'all of this principal')
    .option('--node <node>', 'all of this node')
    .option('--token-id <id>', 'all that came with this token or session (its jti or sid), which is revoked')
    .option('--revoke', 'with --principal: revoke all that it has signed in for so far, too')
    .option('--until <time>', 'until when it stays revoked (RFC 3339; a year when absent)')
    .action(async (name: string | undefined, options: CloseOptions) =>
      (await connected()).closeConnections(name, options, console.log),
    );
}

function addBench(program: Command): void {
  targeted(program.command('bench'))
    .description(
      'Open connections to a hub, publish events to them over HTTP, and print how many came back and how soon.',
    )
    .argument('[url]', 'the hub, as with --url')
    .option('-n, --connections <count>', 'connections, all of one pattern', wholeNumber, 1_000)
    .option('-p, --pattern <pattern>', 'what they hear, and what is published', 'bench.tick.*')
    .option('-r, --rate <events>', 'events a second', wholeNumber, 100)
    .option('-d, --duration <seconds>', 'how long to publish', wholeNumber, 10)
    .option('-s, --size <bytes>', 'filling in each event', wholeNumber, 64)
    .option('-j, --json', 'print the result as JSON')
    .action(async (url: string | undefined, options: BenchOptions & { json?: boolean }) => {
      const [{ bench, benchTable }, { progressOn }] = await Promise.all([
        import('./bench.ts'),
        import('./progress.ts'),
      ]);
      const progress = progressOn(process.stderr);
      const result = await bench({ ...options, url: url ?? options.url, progress });
      console.log(options.json === true ? JSON.stringify(result) : benchTable(result));
    });
}

/** The help names the variables of the environment and never shows their values, because they hold credentials. */
function targeted(command: Command): Command {
  return command
    .addOption(new Option('-u, --url <url>', 'the hub').default(DEFAULT_URL).env('BELFRY_URL'))
    .addOption(new Option('-t, --token <token>', 'a token, or name:password').env('BELFRY_TOKEN'))
    .option('-i, --insecure', 'accept a certificate that nobody vouches for') satisfies {
    opts(): TargetOptions;
  };
}

async function printAll(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) console.log(line);
}

/** A signal that is aborted when somebody ends the command. */
function untilStopped(): AbortSignal {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  return ended.signal;
}

export function note(line: string): void {
  console.error(`belfry: ${line}`);
}

export function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`"${value}" is not usable. Expected a positive whole number.`);
}
