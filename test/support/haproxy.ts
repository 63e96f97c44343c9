import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

export const HAS_HAPROXY = spawnSync('haproxy', ['-v']).status === 0;

export interface Haproxy {
  /** The address of the port that its configuration calls `:80`, `http://127.0.0.1:…`. */
  readonly url: string;
  /**
   * Gives it another configuration, and reloads it as an operator does. Resolves when the worker with the earlier configuration
   * has ended, and rejects with what HAProxy said where it takes too long.
   */
  readonly reload: (configuration: string) => Promise<void>;
}

/**
 * Runs a real HAProxy, which ends with the test. `:80` is a free port, and `addresses` has the host and port for each host that
 * the configuration names. Open connections outlive a reload by a tenth of a second.
 */
export async function startHaproxy(
  configuration: string,
  addresses: Readonly<Record<string, string>>,
): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const port = await freePort();
  const write = (text: string): void => {
    let written = text
      .replace(' :80\n', ` 127.0.0.1:${port}\n`)
      .replace(/hard-stop-after .*/, 'hard-stop-after 100ms');
    for (const [host, address] of Object.entries(addresses))
      written = written.replace(new RegExp(`${RegExp.escape(host)}:\\d+`), address);
    writeFileSync(file, written);
  };
  write(configuration);
  const child = spawn('haproxy', ['-W', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  )
    if (child.exitCode !== null) throw new Error(`HAProxy does not start: ${said}`);
  return {
    url,
    reload: async (text) => {
      write(text);
      said = '';
      const reloads = (): string => {
        // HAProxy sleeps through a signal that comes right before it begins to wait, until the next one.
        if (!said.includes('Reloading')) child.kill('SIGUSR2');
        return said;
      };
      await expect.poll(reloads, { interval: 500 }).toMatch(/Loading success[^]*Former worker/);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
