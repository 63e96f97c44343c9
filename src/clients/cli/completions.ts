import type { Argument, Command, Option } from 'commander';
import { withHub } from './command.ts';
import { readContexts } from './contexts.ts';
import type { TargetOptions } from './target.ts';

/** Somebody waits for the next letter. */
const MAX_MS = 2_000;
const MAX_CANDIDATES = 500;

interface Topic {
  readonly type: string;
  readonly action: string;
}

/** What may stand for the last of these words, behind `belfry`. It fails silently, since nobody asked for an error. */
export async function completionsOf(program: Command, words: readonly string[]): Promise<string[]> {
  const typed = (words.at(-1) ?? '').replace(/^['"]/, '');
  const { command, args, given, option } = read(program, words.slice(0, -1));
  let found: readonly string[];
  try {
    found = await candidates(command, option, args, typed, given);
  } catch {
    found = [];
  }
  return [...new Set(found)].filter((each) => each.startsWith(typed) && each !== '').slice(0, MAX_CANDIDATES);
}

interface Read {
  readonly command: Command;
  /** The arguments of the command that stand before. */
  readonly args: readonly string[];
  /** The options that name a hub. */
  readonly given: TargetOptions;
  /** The option whose value is typed now. */
  readonly option: Option | undefined;
}

function read(program: Command, words: readonly string[]): Read {
  let command = program;
  let option: Option | undefined;
  const args: string[] = [];
  const given: Record<string, string | boolean> = {};
  for (const word of words) {
    if (option !== undefined) {
      given[option.attributeName()] = word;
      option = undefined;
    } else if (word.startsWith('-')) {
      const named = command.options.find(({ short, long }) => word === short || word === long);
      if (named?.required === true) option = named;
      else if (named !== undefined) given[named.attributeName()] = true;
    } else {
      const inner = command.commands.find((each) => each.name() === word);
      if (inner === undefined) args.push(word);
      else command = inner;
    }
  }
  return { command, args, given, option };
}

async function candidates(
  command: Command,
  option: Option | undefined,
  args: readonly string[],
  typed: string,
  given: TargetOptions,
): Promise<readonly string[]> {
  if (option !== undefined) return option.argChoices ?? valuesNamed(option.attributeName(), given);
  if (typed.startsWith('-'))
    return command.options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long]));
  if (command.commands.length > 0 && args.length > 0) return [];
  if (command.commands.length > 0)
    return command
      .createHelp()
      .visibleCommands(command)
      .map((each) => each.name());
  const { registeredArguments: expected } = command;
  const argument: Argument | undefined = expected[args.length] ?? expected.at(-1);
  if (argument === undefined || (args.length >= expected.length && !argument.variadic)) return [];
  if (argument.argChoices !== undefined) return argument.argChoices;
  return valuesNamed(command.parent?.name() === 'context' ? 'context' : argument.name(), given);
}

/** What may be given for an argument or an option of this name. */
async function valuesNamed(name: string, given: TargetOptions): Promise<readonly string[]> {
  switch (name) {
    case 'context':
      return Object.keys(readContexts().contexts);
    case 'patterns':
    case 'pattern':
    case 'until':
    case 'failOn':
      return (await topics(given)).flatMap(({ type, action }) => [`${type}.*.*`, `${type}.${action}.*`]);
    case 'what':
      return (await topics(given)).map(({ type, action }) => `${type}.${action}.`);
    case 'type':
      return (await topics(given)).map(({ type }) => type);
    case 'principal':
    case 'principals':
      return (await list<{ readonly principal: string }>('api/v3/presence', given)).map(
        (each) => each.principal,
      );
    case 'connection':
    case 'name':
      return (await list<{ readonly RemoteAddr: string }>('api/v3/connections', given)).map(
        (each) => each.RemoteAddr,
      );
    default:
      return [];
  }
}

function topics(given: TargetOptions): Promise<readonly Topic[]> {
  return list<Topic>('api/v3/topics', given);
}

/** The first page of a list of the hub, or nothing where it does not answer soon. */
function list<T>(path: string, given: TargetOptions): Promise<readonly T[]> {
  return withHub(given, async (session) => {
    const response = await session.ask(path, { signal: AbortSignal.timeout(MAX_MS) });
    return (await response.json()) as readonly T[];
  });
}
