import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { hubProgram } from '../../support/command.ts';

/** The commands that do something, by their names. */
function commandsOf(command: Command, path = ''): [string, Command][] {
  const inner = command.commands.flatMap((each) => commandsOf(each, `${path} ${each.name()}`.trim()));
  return command.commands.length === 0 ? [[path, command]] : [...inner, [path, command]];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => void (text += more), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return text;
}

const examplesOf = (command: Command): string[] =>
  Array.from(helpOf(command).matchAll(/^ {2}\$ (.*)$/gm), ([, line = '']) => line);

/** The words that a shell hands to `belfry`, up to a pipe or the next command. */
function wordsOf(line: string): string[] {
  const words = Array.from(
    line.matchAll(/'([^']*)'|"((?:\\.|[^"])*)"|(\S+)/g),
    ([, one, two, plain]) => one ?? two ?? plain ?? '',
  );
  const begin = words.indexOf('belfry') + 1;
  const end = words.findIndex((word, i) => i >= begin && /^(?:[|<>]|&&|>>)$/.test(word));
  return words.slice(begin, end < 0 ? undefined : end);
}

const NAMES = commandsOf(hubProgram()).filter(
  ([, command]) => !/^(?:complete)?$/.test(command.name()) && command.name() !== 'belfry',
);

it.each(NAMES.filter(([name]) => !name.includes(' ')).map(([name]) => name))(
  'the help of belfry %s has examples, all of which the command understands',
  async (name) => {
    const lines = NAMES.filter(([each]) => each.split(' ')[0] === name).flatMap(([, command]) =>
      examplesOf(command),
    );
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines.filter((each) => each.includes('belfry ') && !each.startsWith('curl'))) {
      const program = hubProgram();
      let isRun = false;
      for (const [, command] of commandsOf(program))
        if (command.commands.length === 0) command.action(() => void (isRun = true));
      await program.parseAsync(wordsOf(line), { from: 'user' });
      expect([line, isRun]).toEqual([line, true]);
    }
  },
);

it('every command that prints a result has --output and --no-color', () => {
  const without = NAMES.filter(
    ([, { commands, options }]) => commands.length === 0 && !options.some(({ long }) => long === '--output'),
  );
  // Sources and sinks print nothing but what they say of themselves, and an agent is told what its protocol says.
  expect(without.map(([name]) => name).filter((name) => !/^(?:source |sink |mcp$)/.test(name))).toEqual([
    'context add',
    'context select',
    'context token',
    'context remove',
    'completion',
  ]);
});
