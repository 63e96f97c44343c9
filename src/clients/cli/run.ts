import { CommanderError, type Command } from 'commander';
import type { BelfryError } from '../../model/errors.ts';
import { note } from './command.ts';
import { CommandError, UsageError } from './errors.ts';
import { EXIT, type Exit } from './exit-codes.ts';

/** With which code the command ends when a node that it starts itself reports this. Every other fault is a refusal. */
const EXIT_OF: Readonly<Record<string, Exit>> = {
  config_invalid: 'usage',
  pattern_invalid: 'usage',
  unavailable: 'unreachable',
};

/** How the program speaks of wrong arguments. It is called before commands are added, since they inherit it. */
export function prepare(program: Command): void {
  program.exitOverride();
  program.configureOutput({ outputError: () => undefined });
}

/**
 * Runs the command that the arguments name, and resolves with the code with which the process is to end. `pages` is the folder of
 * the reference, for errors that name a page.
 */
export async function runProgram(program: Command, args: readonly string[], pages: string): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok.code;
    const error = asCommandError(thrown);
    if (error === undefined) throw thrown;
    note(error.message);
    console.error(`See ${pageOf(error.see, pages)}`);
    return error.exitCode;
  }
}

function asCommandError(thrown: unknown): CommandError | undefined {
  if (thrown instanceof CommandError) return thrown;
  // What commander says begins in lower case, and may end with a proposal on a line of its own.
  if (thrown instanceof CommanderError) return new UsageError(sentenceOf(thrown.message));
  if (!isBelfryError(thrown)) return undefined;
  return new CommandError(EXIT_OF[thrown.code] ?? 'refused', thrown.message, {
    see: `errors#${thrown.code}`,
  });
}

function sentenceOf(message: string): string {
  const said = message.replace(/^error: /, '').replaceAll('\n', ' ');
  if (said === '(outputHelp)') return 'No command was given. Expected one of those above.';
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.?!)]$/.test(said) ? '' : '.'} Expected what "belfry <command> --help" shows.`;
}

function isBelfryError(thrown: unknown): thrown is BelfryError {
  return thrown instanceof Error && 'code' in thrown && 'see' in thrown;
}

function pageOf(see: string, pages: string): string {
  if (/^https?:/.test(see)) return see;
  const [page = '', anchor] = see.split('#');
  return `${pages}${page}.md${anchor === undefined ? '' : `#${anchor}`}`;
}

/** Ends the process without a word when nobody reads its output any more, as `head` does once it has enough. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? EXIT.ok.code);
  });
}
