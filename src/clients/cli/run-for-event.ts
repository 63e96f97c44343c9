import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HubEvent } from '../sdk/item.ts';
import { note } from './command.ts';

/**
 * Runs a command of the shell for an event, which it finds as JSON on its standard input, and resolves once it has ended. The
 * fields of the topic are variables, since a text of the shell could be made to do something else by them.
 */
export async function runForEvent(command: string, event: HubEvent): Promise<void> {
  const { id = '', time, type, action, key, principal = '', text } = event;
  const fields = { ID: id, TIME: time, TYPE: type, ACTION: action, KEY: key, PRINCIPAL: principal };
  // A variable can hold no null character.
  const variables = Object.entries(fields).map(([name, value]) => [
    `EVENT_${name}`,
    value.replaceAll('\0', ''),
  ]);
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, ...(Object.fromEntries(variables) as Record<string, string>) },
  });
  // A command need not read what it is given.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${text}\n`);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0)
    note(`the command ended with ${code ?? signal} for the event ${id || `${type}.${action}.${key}`}`);
}
