import { randomUUID } from 'node:crypto';
import { SUITES } from '../../../src/clients/conformance/index.ts';
import type { Result } from '../../../src/clients/conformance/outcome.ts';
import { HttpPublisher, type Publisher } from '../../../src/clients/conformance/publish.ts';
import { conform } from '../../../src/clients/conformance/run.ts';
import { serverOf } from '../../../src/clients/conformance/server.ts';
import { systemTime, type Time } from '../../../src/clients/conformance/time.ts';
import { TokenMaker } from '../../../src/clients/conformance/tokens.ts';
import { nodeFetch } from '../../../src/clients/cli/node-fetch.ts';
import { TEST_SECRET } from '../../support/node.ts';

export const ORIGIN = 'https://norn.example.com';

interface Run {
  /** Where the sockets are. */
  readonly url: string;
  /** Where events are published; the server itself when absent. */
  readonly hub?: string;
  readonly selects: (name: string) => boolean;
  readonly dialects?: readonly string[];
  readonly limits?: boolean;
  readonly quick?: boolean;
  readonly patienceMs?: number;
  readonly time?: Time;
  readonly publisher?: Publisher;
  readonly tokens?: boolean;
}

/** Runs checks in this process, with the secret of the tests. */
export async function runChecks(run: Run): Promise<readonly Result[]> {
  const { url, hub = url, selects, dialects, limits = false, quick = true, patienceMs = 10_000 } = run;
  const suites = dialects === undefined ? SUITES : SUITES.filter(({ dialect }) => dialects.includes(dialect));
  const server = await serverOf({ url, patience: patienceMs }, suites);
  // Runs at the same time are of different users, since a user may have few connections.
  const claims = { sub: `user:${randomUUID()}`, user_id: 1, role: 'admin', roles: ['admin'] };
  const given = `.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const tokens = run.tokens === false ? undefined : new TokenMaker(TEST_SECRET, given);
  const token = tokens?.make();
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const publisher = new HttpPublisher(new URL('/api/v3/events', hub), nodeFetch(authorization, false));
  const results: Result[] = [];
  const checked = {
    ...server,
    token,
    tokens,
    authorization,
    publisher: run.publisher ?? publisher,
    origin: ORIGIN,
    time: run.time ?? systemTime,
  };
  const selection = { suites, named: dialects !== undefined, selects, limits, quick, observeMs: 0 };
  for await (const found of conform(checked, selection)) results.push(...found);
  return results;
}

/** The checks with this state, as dialect.check. */
export function namesOf(results: readonly Result[], state: Result['state']): string[] {
  return results
    .filter((result) => result.state === state)
    .map(({ dialect, check }) => `${dialect}.${check}`);
}
