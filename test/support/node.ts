import { readFileSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { CONSOLE_HOME } from '../../src/app-console.ts';
import { signToken } from '../../src/app-token.ts';
import { loadConfig, type Config } from '../../src/config/config.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { systemClock, type Clock } from '../../src/model/clock.ts';

export const TEST_SECRET = 'a secret that only the tests know';

export interface TestNode extends App {
  readonly config: Config;
  /** The address of the first plain listener, `http://127.0.0.1:…`. */
  readonly url: string;
  readonly log: readonly Record<string, unknown>[];
  /** Makes a token of this principal, with the rights of an admin when no grants are named. */
  readonly token: (
    subject?: string,
    grants?: { subscribe?: string[]; publish?: string[]; roles?: string[] },
  ) => Promise<string>;
}

/**
 * Starts a whole node in this process, on free ports and with the memory broker. It ends with the test. It shows a console only
 * where a test turns it on, since to build that of the checkout takes long.
 */
export async function startNode(
  settings: Record<string, string> = {},
  dialects: readonly Dialect[] = DIALECTS,
  consoleHome = CONSOLE_HOME,
  clock: Clock = systemClock,
): Promise<TestNode> {
  const env = {
    BELFRY_LISTEN: '127.0.0.1:0=drp',
    BELFRY_JWT_SECRET: TEST_SECRET,
    BELFRY_LOG_LEVEL: 'debug',
    BELFRY_DRAIN_TIMEOUT_MS: '1000',
    BELFRY_CONSOLE: 'off',
    ...settings,
  };
  const config = loadConfig(env, readFileSync, dialects);
  const log: Record<string, unknown>[] = [];
  const app = await startApp(config, logInto(log), clock, dialects, consoleHome);
  onTestFinished(() => app.stop());
  return {
    ...app,
    config,
    log,
    url: app.listening.find(({ tls }) => !tls)?.url ?? '',
    token: (subject = 'admin', grants = { roles: ['admin'] }) =>
      signToken(config, { subject, roles: grants.roles ?? [], ttlS: 600, ...grants }),
  };
}

function logInto(lines: Record<string, unknown>[]): Logger {
  return pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
}
