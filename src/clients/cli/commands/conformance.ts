import { writeFileSync } from 'node:fs';
import { Option } from 'commander';
import type { Suite } from '../../conformance/check.ts';
import type { Result } from '../../conformance/outcome.ts';
import type { Selection } from '../../conformance/run.ts';
import type { ServerOptions } from '../../conformance/server.ts';
import { examples, note, targetOptions, type AddCommand } from '../command.ts';
import { duration, durationOption } from '../duration.ts';
import { CommandError, UsageError } from '../errors.ts';
import { FORMATS, Output, type Format } from '../output.ts';

interface Options extends ServerOptions {
  readonly dialect?: string;
  readonly check?: string;
  readonly limits?: true;
  readonly quick?: true;
  readonly observe?: number;
  readonly list?: true;
  readonly file?: string;
  readonly output: Format | 'junit';
  readonly color: boolean;
}

const SEE = 'conformance';

/** `belfry conformance`: whether a server keeps what the documents of the dialects promise. */
export const addConformance: AddCommand = (program) => {
  const command = targetOptions(program.command('conformance'))
    .description(
      'Check a server, a hub or one of the systems whose dialects it speaks, against the documents. Ends with 1 if a check fails.',
    )
    .argument('[url]', 'the server, as with --url, with the path of its socket if that is not the usual one')
    .option('-d, --dialect <names>', 'check these, separated by commas (default: those that the hub serves)')
    .option(
      '--check <pattern>',
      'only checks whose name, as dialect.check, has this text in it, or fits it with *',
    )
    .option('--list', 'print the checks and run none')
    .option(
      '--publish <url>',
      'publish events there: http(s)://, or redis(s):// (default: /api/v3/events of the hub)',
    )
    .option(
      '--publish-command <command>',
      'a command of the shell that publishes the event of its standard input',
    )
    .option(
      '--secret-file <file>',
      'a file with the secret of the tokens, to make tokens with other roles and ends',
    )
    .option('--origin <origin>', 'an origin that NORN_ALLOWED_ORIGINS of the server names')
    .option('--app <id>', 'an app of Mist that exists')
    .option('--deployment <id>', 'a deployment of Mist that exists')
    .option('--limits', 'check what others may notice too: many connections, many events, shared streams')
    .option('--quick', 'leave out what waits for a timeout of the document, which takes up to 75 s')
    .addOption(
      new Option('--observe <duration>', 'watch the events of others for so long').argParser(duration),
    )
    .addOption(durationOption('--patience <duration>', 'how long an answer or an event may take', '5s'))
    .option(
      '--file <file>',
      'write what --output makes into a file, and a report for people to standard output',
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices([...FORMATS, 'junit']).default('table'),
    )
    .option('--no-color', 'no colors (env: NO_COLOR); a pipe has none')
    .action((url: string | undefined, options: Options) =>
      conformance({ ...options, ...(url !== undefined && { url }) }),
    );
  examples(command, {
    'belfry conformance': 'the hub of the current context, in every dialect that it serves',
    'belfry conformance ws://localhost:8800/ws --dialect norn --observe 1m':
      "Norn's own server, which has no way to publish",
    'belfry conformance https://hub.example.com --limits --output junit --file report.xml': 'for CI',
    'belfry conformance --list --dialect drp': 'what is checked, and where the document says it',
  });
};

async function conformance(options: Options): Promise<void> {
  const { SUITES } = await import('../../conformance/index.ts');
  const suites = suitesOf(options.dialect, SUITES);
  const selects = selectorOf(options.check);
  if (options.list === true) return list(options, suites, selects);
  const [{ serverOf }, { conform, isReachable }] = await Promise.all([
    import('../../conformance/server.ts'),
    import('../../conformance/run.ts'),
  ]);
  const server = await serverOf(options, suites);
  if (!(await isReachable(server)))
    throw new CommandError('unreachable', `No server answers at ${server.base.origin}.`, { see: SEE });
  const selection: Selection = {
    suites,
    named: options.dialect !== undefined || server.socketPath !== undefined,
    selects,
    limits: options.limits === true,
    quick: options.quick === true,
    observeMs: options.observe ?? 0,
  };
  try {
    await report(options, conform(server, selection), server.base.href);
  } finally {
    server.publisher.close();
  }
}

/** Prints the results as they come, and ends as they say. @throws CommandError when a check failed, or none ran */
async function report(options: Options, runs: AsyncIterable<readonly Result[]>, url: string): Promise<void> {
  const { linesOf, countsOf, sumOf } = await import('../../conformance/report.ts');
  const results: Result[] = [];
  const isForPeople = options.output === 'table' || options.file !== undefined;
  const people = new Output({ color: options.color });
  for await (const found of runs) {
    results.push(...found);
    if (isForPeople) for (const line of linesOf(found)) people.line(line);
  }
  if (options.output !== 'table') await write(options, results, url);
  const counts = countsOf(results);
  if (isForPeople) people.line([sumOf(counts)]);
  if (results.length === 0)
    throw new UsageError('No check has such a name. Expected one of those of --list.');
  if (counts.failed > 0)
    throw new CommandError('refused', `${counts.failed} of ${results.length} checks failed.`, { see: SEE });
  if (counts.passed === 0)
    throw new CommandError('refused', 'Nothing was checked: every check was skipped.', { see: SEE });
}

/** Writes the report of a program into the file that the options name, or to standard output. */
async function write(options: Options, results: readonly Result[], url: string): Promise<void> {
  let text = '';
  const stream = { write: (more: string) => ((text += more), true) };
  if (options.output === 'junit') {
    const { junitOf } = await import('../../conformance/junit.ts');
    text = junitOf(results, url);
  } else new Output({ output: options.output }, stream).all(results, {});
  if (options.file === undefined) process.stdout.write(text);
  else {
    writeFileSync(options.file, text);
    note(`the report is in ${options.file}`);
  }
}

async function list(
  options: Options,
  suites: readonly Suite[],
  selects: Selection['selects'],
): Promise<void> {
  if (options.output === 'junit')
    throw new UsageError('A list of checks is no report. Expected another --output.');
  const { listed } = await import('../../conformance/run.ts');
  new Output({ output: options.output, color: options.color }).all(listed({ suites, selects }), {
    columns: [
      { title: 'DIALECT', text: ({ dialect }) => dialect },
      { title: 'CHECK', text: ({ check }) => check },
      { title: 'NEEDS', text: ({ detail = '' }) => detail.replace(/^needs /, '') },
      { title: 'SAYS', text: ({ says }) => says },
      { title: 'DOCUMENT', text: ({ place }) => place },
    ],
  });
}

/** @throws UsageError */
function suitesOf(names: string | undefined, all: readonly Suite[]): readonly Suite[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const suite = all.find(({ dialect }) => dialect === name.trim());
    if (suite !== undefined) return suite;
    const known = all.map(({ dialect }) => dialect).join(', ');
    throw new UsageError(`There is no dialect "${name.trim()}". Expected one of ${known}.`);
  });
}

/** Which names a pattern means: with a star those that fit as a whole, and without one those that contain it. */
function selectorOf(pattern: string | undefined): Selection['selects'] {
  if (pattern === undefined) return () => true;
  if (!pattern.includes('*')) return (name) => name.includes(pattern);
  const parts = pattern.split('*').map((part) => RegExp.escape(part));
  const fits = new RegExp(`^${parts.join('.*')}$`);
  return (name) => fits.test(name);
}
