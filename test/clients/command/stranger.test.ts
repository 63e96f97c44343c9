import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { runHere } from '../../support/command.ts';

it('a command that a page of a proxy answers ends with 1, and says that no hub speaks so', async () => {
  const server = createServer((_request, response) => void response.end('<h1>Sign in</h1>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { code, errorLines } = await runHere(['whoami', '--url', `http://127.0.0.1:${port}`]);
  expect([code, errorLines[0]]).toEqual([
    1,
    expect.stringContaining('answered with something that no hub says'),
  ]);
});
