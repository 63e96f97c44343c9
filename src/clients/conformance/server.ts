import { readFileSync } from 'node:fs';
import { UsageError } from '../cli/errors.ts';
import { nodeFetch } from '../cli/node-fetch.ts';
import { authorization, targetOf, type TargetOptions } from '../cli/target.ts';
import type { Suite } from './check.ts';
import { CommandPublisher, HttpPublisher, RedisPublisher, type Publisher } from './publish.ts';
import type { Server } from './subject.ts';
import { systemTime } from './time.ts';
import { TokenMaker } from './tokens.ts';

/** How the options of the command name the server, and what may be done with it. */
export interface ServerOptions extends TargetOptions {
  /** Where events are published: `http(s)://` or `redis(s)://`. */
  readonly publish?: string | undefined;
  readonly publishCommand?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly origin?: string | undefined;
  readonly app?: string | undefined;
  readonly deployment?: string | undefined;
  /** Milliseconds. */
  readonly patience: number;
}

/** The path of the route by which a hub takes events, and DRP as well. */
const PUBLISH_PATH = 'api/v3/events';

/** @throws UsageError, CommandError where no token can be got */
export async function serverOf(options: ServerOptions, suites: readonly Suite[]): Promise<Server> {
  const { base: written, token, insecure } = targetOf(options);
  const { base, socketPath } = placesOf(written, suites);
  const given = token === undefined || typeof token === 'string' ? token : await token.get();
  const tokens =
    options.secretFile === undefined ? undefined : new TokenMaker(secretIn(options.secretFile), given);
  const usable = given ?? tokens?.make();
  const header = await authorization(usable);
  return {
    base,
    socketPath,
    insecure,
    token: usable,
    authorization: header,
    tokens,
    publisher: publisherOf(options, base, (url) => nodeFetch(url.host === base.host ? header : {}, insecure)),
    origin: options.origin,
    app: options.app,
    deployment: options.deployment,
    patienceMs: options.patience,
    time: systemTime,
  };
}

/**
 * Where the server is, and where its `/ws` is if the URL says so: documents show the URL of a socket, and that of a server is
 * everything before the path which the system gives it.
 */
function placesOf(
  written: URL,
  suites: readonly Suite[],
): { readonly base: URL; readonly socketPath: string | undefined } {
  const path = written.pathname.replace(/\/$/, '');
  const own = suites.flatMap(({ paths }) => paths).filter((known) => known !== '/ws');
  const known = own.find((each) => path.endsWith(each));
  if (known !== undefined)
    return { base: placed(written, path.slice(0, -known.length)), socketPath: undefined };
  if (!path.endsWith('/ws')) return { base: written, socketPath: undefined };
  const named = suites.find(({ dialect }) => path.endsWith(`/${dialect}/ws`));
  const socketPath = named === undefined ? '/ws' : `/${named.dialect}/ws`;
  return { base: placed(written, path.slice(0, -socketPath.length)), socketPath };
}

function placed(url: URL, path: string): URL {
  return new URL(`${url.origin}${path}/`);
}

/** @throws UsageError */
function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new UsageError(
      `The secret could not be read: ${(cause as Error).message}. Expected a file that holds it.`,
      {
        cause,
      },
    );
  }
}

/** The credentials go to the host of the server and to no other. @throws UsageError */
function publisherOf(
  { publish, publishCommand }: ServerOptions,
  base: URL,
  fetchFor: (url: URL) => typeof fetch,
): Publisher {
  if (publish !== undefined && publishCommand !== undefined)
    throw new UsageError('Two ways to publish are named. Expected either --publish or --publish-command.');
  if (publishCommand !== undefined) return new CommandPublisher(publishCommand);
  const usual = new URL(PUBLISH_PATH, base);
  if (publish === undefined) return new HttpPublisher(usual, fetchFor(usual));
  const url = URL.canParse(publish) ? new URL(publish) : undefined;
  switch (url?.protocol) {
    case 'http:':
    case 'https:':
      return new HttpPublisher(url, fetchFor(url));
    case 'redis:':
    case 'rediss:':
      return new RedisPublisher(url);
    default:
      throw new UsageError(
        `"${publish}" is no place to publish to. Expected http://, https://, redis:// or rediss://, or --publish-command.`,
      );
  }
}
