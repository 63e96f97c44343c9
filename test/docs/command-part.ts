import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { EXIT } from '../../src/clients/cli/exit-codes.ts';
import { hubProgram } from '../support/command.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const WIDTH = 80;
const COMMAND = /^ {2}([\w-]+)(?: .*)?$/gm;

/** The exit codes, and the `--help` text of each command. */
export async function commandPart(): Promise<string> {
  const sections = await sectionsOf([]);
  const codes = Object.values(EXIT).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  const exits = `## Exit codes\n\n| code | says |\n|---|---|\n${codes.join('\n')}\n\n`;
  return `${exits}## Every option\n\nWhat \`--help\` prints.\n\n${sections.join('\n')}`;
}

async function sectionsOf(command: readonly string[]): Promise<string[]> {
  const help = await helpOf(command);
  const [, commands = ''] = help.split('\nCommands:\n');
  const inner = Array.from(commands.matchAll(COMMAND), ([, name = '']) => name).filter(
    (name) => name !== 'help',
  );
  const own = `### \`${['belfry', ...command].join(' ')}\`\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
  const others = await Promise.all(inner.map((name) => sectionsOf([...command, name])));
  return [own, ...others.flat()];
}

/** Commands that talk to a hub say it here, since a process for each would take long. */
async function helpOf(command: readonly string[]): Promise<string> {
  const here = command.length === 0 ? undefined : hubCommandAt(command);
  if (here !== undefined) return helpHere(here);
  const env = { PATH: process.env['PATH'], COLUMNS: `${WIDTH}` };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...command, '--help'], { env });
  return stdout;
}

function hubCommandAt(path: readonly string[]): Command | undefined {
  let found: Command | undefined = hubProgram();
  for (const name of path) found = found?.commands.find((each) => each.name() === name);
  return found;
}

function helpHere(command: Command): string {
  let text = '';
  const width = (): number => WIDTH;
  command.configureOutput({ writeOut: (more) => void (text += more), getOutHelpWidth: width });
  command.outputHelp();
  return text;
}
