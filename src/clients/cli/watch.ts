import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { parseExactly } from './exact-json.ts';
import {
  isUntrusted,
  messageOf,
  socketTarget,
  unreachable,
  UsageError,
  type TargetOptions,
} from './target.ts';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
/** After this many failed attempts to connect, the command prints a hint that the address may be wrong. */
const FAILURES_BEFORE_HINT = 3;

/** The close codes after which the hub would refuse another connection in the same way. */
const FINAL_CODES: ReadonlySet<number> = new Set([1000, 1002, 1008, 1009, 4001, 4003, 4009]);

export interface WatchOptions extends TargetOptions {
  readonly dialect: string;
  /** Print frames as they come, one a line. */
  readonly json?: boolean | undefined;
  /** Begin after the event with this cursor. Only the native dialect can do this. */
  readonly since?: string | undefined;
  readonly print: (line: string) => void;
  /** Prints a line that is not an event, such as connected, disconnected or a gap. */
  readonly note: (line: string) => void;
}

interface WatchedDialect {
  readonly path: string;
  subscribe(patterns: readonly string[], since: string | undefined): string[];
}

const DIALECTS: Readonly<Record<string, WatchedDialect>> = {
  native: {
    path: '/native/ws',
    subscribe: (patterns, since) => [JSON.stringify({ id: 1, command: 'subscribe', patterns, since })],
  },
  drp: { path: '/api/v3/ws', subscribe: (patterns) => patterns.map((pattern) => `register ${pattern}`) },
};

/**
 * The event types that tell of connections that open and close. In a watch of everything they would hide the other
 * events, so they are shown only when a pattern names them.
 */
const COMINGS = ['connections', 'presence'];

function typesOf(pattern: string): readonly string[] {
  return (pattern.split('.', 1)[0] ?? '').split(',');
}

interface Heard {
  readonly id?: string;
  readonly time?: string;
  readonly type?: string;
  readonly action?: string;
  readonly key?: string;
  readonly principal?: string;
  readonly object?: unknown;
}

/**
 * Prints every event that the patterns match until the signal ends it, and reconnects by itself. In the native dialect
 * it resumes after the last event that it received. @throws UsageError when the hub refuses
 */
export async function watch(
  patterns: readonly string[],
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const dialect = DIALECTS[options.dialect];
  if (dialect === undefined)
    throw new UsageError(
      `Cannot watch in "${options.dialect}". Expected ${Object.keys(DIALECTS).join(' or ')}.`,
    );
  let { since } = options;
  if (since !== undefined && options.dialect !== 'native') {
    throw new UsageError(
      `${options.dialect} cannot begin after a cursor. Expected --since with the native dialect.`,
    );
  }
  let everConnected = false;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const ended = await watchOnce(patterns, dialect, { ...options, since }, signal);
    since = ended.since;
    if (ended.heard) attempt = 0;
    everConnected ||= ended.heard;
    if (signal.aborted) return;
    if (FINAL_CODES.has(ended.code))
      throw new UsageError(`The hub closed with ${ended.code}: ${ended.reason}`);
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS) * (0.5 + Math.random() / 2);
    options.note(`disconnected (${ended.code} ${ended.reason}); again in ${Math.round(waitMs)} ms`);
    if (!everConnected && attempt + 1 === FAILURES_BEFORE_HINT) options.note(hint(options.url));
    await sleep(waitMs, signal);
  }
}

function hint(url: string): string {
  const { host } = socketTarget({ url }, '/').url;
  return `no hub has answered at ${host} so far. Is it running there? Expected the address of a hub in --url or BELFRY_URL; trying on`;
}

interface Ended {
  readonly code: number;
  readonly reason: string;
  readonly since: string | undefined;
  readonly heard: boolean;
}

function watchOnce(
  patterns: readonly string[],
  dialect: WatchedDialect,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<Ended> {
  const { url, headers } = socketTarget(options, dialect.path);
  return new Promise((resolve, reject) => {
    let { since } = options;
    let heard = false;
    let fault = '';
    const hidden = COMINGS.filter((type) => !patterns.some((pattern) => typesOf(pattern).includes(type)));
    const ws = new WebSocket(url, { headers, rejectUnauthorized: options.insecure !== true });
    const abort = (): void => ws.close(1000);
    signal.addEventListener('abort', abort, { once: true });
    ws.on('open', () => {
      options.note(`connected to ${url.host}${url.pathname}`);
      for (const frame of dialect.subscribe(patterns, since)) ws.send(frame);
    });
    ws.on('unexpected-response', (_request, response) => {
      const { statusCode = 0 } = response;
      void text(response).then((body) => {
        fault = `refused with ${statusCode}: ${messageOf(body, url)}`;
        if (statusCode < 500) reject(new UsageError(`The hub ${fault}`));
        return ws.terminate();
      });
    });
    ws.on('message', (data: Buffer) => {
      heard = true;
      try {
        since = show(data.toString(), options, hidden) ?? since;
      } catch (error) {
        reject(error instanceof Error ? error : new UsageError('unknown fault'));
        ws.close(1000);
      }
    });
    ws.on('error', (error) => {
      if (isUntrusted(error)) reject(unreachable(url, error));
      fault ||= error.message;
    });
    ws.on('close', (code, reason) => {
      signal.removeEventListener('abort', abort);
      resolve({ code, reason: reason.toString() || fault || 'connection lost', since, heard });
    });
  });
}

/** Prints a frame, and returns the cursor to resume from if the frame moved it. */
function show(
  frame: string,
  { dialect, json, print, note }: WatchOptions,
  hidden: readonly string[],
): string | undefined {
  if (dialect !== 'native') {
    print(frame);
    return undefined;
  }
  const event = parseExactly(frame) as Heard;
  if (event.type !== 'belfry') {
    if (!hidden.includes(event.type ?? '')) print(json === true ? frame : line(event));
    return event.id;
  }
  const said = (event.object ?? {}) as {
    message?: string;
    cursor?: string;
    from?: string;
    to?: string;
    reason?: string;
  };
  if (event.action === 'error') throw new UsageError(said.message ?? 'The hub refused the subscription.');
  if (event.action === 'gap') note(`gap after ${said.from} up to ${said.to}: ${said.reason}`);
  return event.action === 'gap' ? said.to : said.cursor;
}

function line({ time, type, action, key, principal, object }: Heard): string {
  return [time, `${type}.${action}.${key}`, principal ?? '-', JSON.stringify(object)].join('  ');
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
