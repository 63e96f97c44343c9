import { Option, type Command, type CommandOptions } from 'commander';
import { UsageError } from './errors.ts';
import { FORMATS, type OutputOptions } from './output.ts';
import type { Session } from './session.ts';
import { DEFAULT_URL, type TargetOptions } from './target.ts';

/** The options of every command that asks a hub and prints what it answers. */
export type HubOptions = TargetOptions & OutputOptions;

/** Adds a command to the program, or to another command. Each file of `commands` has one. */
export type AddCommand = (program: Command) => void;

/** A command that talks to a hub. The help names variables and never shows their values, because they hold credentials. */
export function hubCommand(program: Command, name: string, options: CommandOptions = {}): Command {
  return printing(targetOptions(program.command(name, options)));
}

/** Gives a command the options that name the hub and the credentials. */
export function targetOptions(command: Command): Command {
  return command
    .option('-c, --context <name>', 'the hub of this context (env: BELFRY_CONTEXT)')
    .option('-u, --url <url>', `the hub (default: "${DEFAULT_URL}", env: BELFRY_URL)`)
    .option('-t, --token <token>', 'a token, or name:password (env: BELFRY_TOKEN)')
    .option('-i, --insecure', 'accept a certificate that nobody vouches for');
}

/** Gives a command the options of what it prints. */
export function printing(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'))
    .option('--no-color', 'no colors (env: NO_COLOR); a pipe has none');
}

/** Examples at the end of the help, each with what it does. */
export function examples(command: Command, lines: Readonly<Record<string, string>>): Command {
  const texts = Object.entries(lines).map(([line, does]) => `  $ ${line}\n      ${does}`);
  return command.addHelpText('after', `\nExamples:\n${texts.join('\n')}`);
}

/** Runs a command with the hub that its options name. The client is loaded only for commands that need it. */
export async function withHub<T>(options: TargetOptions, run: (session: Session) => Promise<T>): Promise<T> {
  const session = await import('./session.ts');
  return session.withHub(options, run);
}

let stopped: AbortController | undefined;

/** A signal that is aborted when somebody ends the command. */
export function untilStopped(): AbortSignal {
  if (stopped === undefined) {
    const controller = (stopped = new AbortController());
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  }
  return stopped.signal;
}

/** Prints a line that is no result, such as that the connection was lost. */
export function note(line: string): void {
  console.error(`belfry: ${line}`);
}

/** For options that may be given more than once. */
export function collect(value: string, others: readonly string[]): string[] {
  return [...others, value];
}

export function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`"${value}" is not usable. Expected a positive whole number.`);
}
