import { expect, it } from 'vitest';
import { runHere } from '../../support/command.ts';
import { startHttpServer } from '../../support/http-server.ts';

it.each([['whoami'], ['connections list'], ['presence'], ['dead-letters list'], ['publish a.b.c --dry-run']])(
  'belfry %s ends with 1 where a page of a proxy answers, and says that no hub speaks so',
  async (command) => {
    const { url } = await startHttpServer((_request, response) => void response.end('<h1>Sign in</h1>'));
    const { code, errorLines } = await runHere([...command.split(' '), '--url', url]);
    expect([code, errorLines[0]]).toEqual([
      1,
      expect.stringContaining('answered with something that no hub says'),
    ]);
  },
);
