import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EXIT } from '../../src/clients/cli/exit-codes.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
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

async function helpOf(command: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], COLUMNS: '80' };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...command, '--help'], { env });
  return stdout;
}
