import { Command } from 'commander';
import { onTestFinished, vi } from 'vitest';
import { HUB_COMMANDS } from '../../src/clients/cli/commands/index.ts';
import { prepare, runProgram } from '../../src/clients/cli/run.ts';
import { addSink } from '../../src/sinks/index.ts';
import { addSource } from '../../src/sources/index.ts';

export interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errorLines: readonly string[];
}

/** The commands that talk to a hub, without those of a node. */
export function hubProgram(): Command {
  const program = new Command('belfry');
  prepare(program);
  for (const add of HUB_COMMANDS) add(program);
  addSource(program);
  addSink(program);
  return program;
}

/**
 * Runs a command that talks to a hub to its end, within the process of the test, where that process being another one makes no
 * difference. One at a time, since the output is that of the process.
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const none = {
    BELFRY_CONTEXTS: '/nowhere/contexts.json',
    BELFRY_URL: '',
    BELFRY_TOKEN: '',
    BELFRY_CONTEXT: '',
  };
  for (const [name, value] of Object.entries({ ...none, ...env })) vi.stubEnv(name, value);
  let [out, error] = ['', ''];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(console, 'log').mockImplementation((text) => void (out += `${String(text)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => void (error += `${String(text)}\n`)),
  ];
  const restore = (): void => {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  };
  onTestFinished(restore);
  const code = await runProgram(hubProgram(), args, '/pages/');
  restore();
  return { code, lines: linesOf(out), errorLines: linesOf(error) };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line, i, all) => i < all.length - 1 || line !== '');
}
