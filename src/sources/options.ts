import { Option, type Command } from 'commander';
import { UsageError } from '../clients/cli/errors.ts';
import { bound } from '../model/bound.ts';
import type { TargetOptions } from '../clients/cli/target.ts';

/** The options that every kind of source has. */
export interface SourceOptions extends TargetOptions {
  readonly name: string;
  readonly listen?: ListenAddress;
  readonly always?: boolean;
}

export interface ListenAddress {
  readonly host: string | undefined;
  /** 0 takes a free port. */
  readonly port: number;
}

/** An option of a source, and the variable of the environment that sets it where the option is not given, as in a container. */
export interface VariableOption<T> {
  /** As commander reads them: `--listen <port>`. An option without a value is on or off. */
  readonly flags: string;
  readonly description: string;
  /** It begins with `BELFRY_SOURCE_` or `BELFRY_SINK_`, so that a node does not take it for a setting of its own. */
  readonly variable: `BELFRY_${'SOURCE' | 'SINK'}_${string}`;
  /** @throws UsageError */
  readonly parse?: (text: string) => T;
  /** What holds where neither is given. The help shows the text. */
  readonly usual?: readonly [value: T, text: string];
  /** Whether a source cannot run without it. */
  readonly required?: boolean;
}

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  1: true,
  false: false,
  off: false,
  0: false,
};

/** Adds an option that a variable sets as well. An empty variable counts as absent, since compose files make such ones. */
export function variableOption<T>(command: Command, options: VariableOption<T>): Command {
  const { flags, description, variable, parse, usual, required = false } = options;
  const usually = usual === undefined ? '' : `default: ${usual[1]}, `;
  const option = new Option(flags, `${description} (${usually}env: ${variable})`);
  if (parse !== undefined) option.argParser(parse);
  const name = option.attributeName();
  return command.addOption(option).hook('preAction', () => {
    if (command.getOptionValueSource(name) === 'cli') return;
    const { [variable]: set = '' } = process.env;
    if (set !== '') command.setOptionValueWithSource(name, valueOf(option, variable, set, parse), 'env');
    else if (usual !== undefined) command.setOptionValueWithSource(name, usual[0], 'default');
    else if (required)
      throw new UsageError(
        `${option.long ?? flags} is missing. Expected the option, or the variable ${variable}.`,
      );
  });
}

function valueOf(
  option: Option,
  variable: string,
  set: string,
  parse: VariableOption<unknown>['parse'],
): unknown {
  if (option.isBoolean()) {
    const { [set.toLowerCase()]: isOn } = SWITCH;
    if (isOn !== undefined) return isOn;
    throw new UsageError(`${variable} is "${set}". Expected true or false.`);
  }
  return parse === undefined ? set : parse(set);
}

const MAX_NAME = bound('characters of the name of a source', 100, 'characters', 'a longer name is refused');

/** @throws UsageError */
export function checkedName(text: string): string {
  if (text.trim() !== '' && text.length <= MAX_NAME) return text;
  throw new UsageError(
    `The name "${text.slice(0, MAX_NAME)}" is not usable. Expected 1 to ${MAX_NAME} characters.`,
  );
}

/** @throws UsageError */
export function listenAddress(text: string): ListenAddress {
  const [, host, port = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port !== '' && Number(port) <= 65_535)
    return { host: host?.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
  throw new UsageError(
    `"${text}" is nothing to listen at. Expected a port, or an address and a port: 127.0.0.1:9100.`,
  );
}
