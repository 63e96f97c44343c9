import { Argument, type Command } from 'commander';
import { examples, type AddCommand } from '../../clients/cli/command.ts';
import { UsageError } from '../../clients/cli/errors.ts';
import { asSource, sourceCommand } from '../command.ts';
import { variableOption, type SourceOptions } from '../options.ts';
import { LINE_FORMS, ORDERS, RESTARTS, type ExecOptions } from './options.ts';

/** `belfry source exec`: the lines that a command prints. */
export const addExec: AddCommand = (sources) => {
  const command = sourceCommand(sources, 'exec')
    .description('Run a command and publish each line that it prints.')
    .addArgument(new Argument('<command...>', 'the command and its arguments, after --'));
  topicOptions(command);
  lineOptions(command);
  command.action((words: string[], options: SourceOptions & Omit<ExecOptions, 'words'>) =>
    asSource('exec', options, async (context) => {
      const { execSource } = await import('./exec.ts');
      return execSource(context, { ...options, words });
    }),
  );
  examples(command, {
    'belfry source exec --type system --key web-1 -- journalctl --follow --lines 0':
      'the log of a system, from now on',
    "belfry source exec --type sensor --action value --key '{{id}}' --lines json -- ./read-sensors":
      'each line is the object of an event, and has its key',
  });
};

function topicOptions(command: Command): void {
  variableOption(command, {
    flags: '--type <type>',
    description: 'the type of the events; it may take {{fields}} of a line that is JSON',
    variable: 'BELFRY_SOURCE_TYPE',
    required: true,
  });
  variableOption(command, {
    flags: '--action <action>',
    description: 'their action, likewise',
    variable: 'BELFRY_SOURCE_ACTION',
    usual: ['log', 'log'],
  });
  variableOption(command, {
    flags: '--key <key>',
    description: 'their key, likewise',
    variable: 'BELFRY_SOURCE_KEY',
    required: true,
  });
}

function lineOptions(command: Command): void {
  variableOption(command, {
    flags: '--lines <form>',
    description:
      'what a line of its output is: text, the object of an event as json, or a whole event as JSON',
    variable: 'BELFRY_SOURCE_LINES',
    usual: ['text', 'text'],
    parse: oneOf('--lines', LINE_FORMS),
  });
  variableOption(command, {
    flags: '--restart <when>',
    description: 'start the command again when it has ended: never, on-failure or always',
    variable: 'BELFRY_SOURCE_RESTART',
    usual: ['never', 'never'],
    parse: oneOf('--restart', RESTARTS),
  });
  variableOption(command, {
    flags: '--at <template>',
    description:
      'the position of a line that is JSON, for a command that begins after the position in its variable BELFRY_SOURCE_AT',
    variable: 'BELFRY_SOURCE_AT_TEMPLATE',
  });
  variableOption(command, {
    flags: '--order <order>',
    description: 'how positions are ordered, where the command may begin before it: time or number',
    variable: 'BELFRY_SOURCE_ORDER',
    parse: oneOf('--order', ORDERS),
  });
  variableOption(command, {
    flags: '--status',
    description: 'publish exec.start and exec.end as well, with the same key or the name of the source',
    variable: 'BELFRY_SOURCE_STATUS',
  });
}

function oneOf<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new UsageError(`${option} is "${text}". Expected one of ${choices.join(', ')}.`);
  };
}
