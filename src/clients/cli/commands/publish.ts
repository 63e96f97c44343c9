import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../../sdk/errors.ts';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { UsageError } from '../errors.ts';
import { Output, type Column } from '../output.ts';

interface PublishOptions extends HubOptions {
  readonly dialect?: string;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
}

interface DryRun {
  readonly topic: string;
  readonly total: number;
  readonly event: unknown;
}

const DRY_RUN: readonly Column<DryRun>[] = [
  { title: 'TOPIC', text: ({ topic }) => topic },
  { title: 'HEARD BY', text: ({ total }) => `${total}` },
  { title: 'EVENT', text: ({ event }) => JSON.stringify(event) },
];

/** How often a publish is tried again whose outcome is not known. */
const AGAIN = 3;
const AGAIN_MS = 500;
/** The faults of a network that may have carried the request. */
const LOST_ON_THE_WAY: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** `belfry publish`: one event, or a list of events, in any format. */
export const addPublish: AddCommand = (program) => {
  const command = hubCommand(program, 'publish')
    .description('Publish events and print their ids.')
    .argument('<what>', 'type.action.key, an event or a list of events as JSON, or - for standard input')
    .argument('[object]', 'the object as JSON')
    .option('-d, --dialect <name>', 'the format of the event; recognised by its fields when absent')
    .option('-k, --idempotency-key <key>', 'publish at most once under this key, within five minutes')
    .option('--dry-run', 'publish nothing; print what the events would be, and how many would hear them')
    .action(async (what: string, object: string | undefined, options: PublishOptions) => {
      const body = bodyOf(what === '-' ? await text(process.stdin) : what, object);
      const output = new Output(options);
      if (options.dryRun === true) return output.all(await dryRun(body, options), { columns: DRY_RUN });
      const ids = await publish(body, options);
      output.all(
        ids.map((id) => ({ id })),
        { line: ({ id }) => [id] },
      );
    });
  examples(command, {
    'belfry publish profiles.save.global \'{"Name":"global"}\'': 'one event',
    'belfry publish deploy.failed.myapp --dry-run': 'who would hear it',
    'belfry publish - --idempotency-key build-42 < events.json': 'a list of events, at most once',
    'belfry publish \'{"Type":"profiles","Action":"save","Key":"global"}\' --dialect drp':
      'an event as Digital Rebar Provision writes it',
  });
};

/**
 * Publishes one event or a list as JSON, and resolves with the ids. Where no answer came, or the hub does not know the outcome, it
 * tries again under the same key, which publishes once. @throws CommandError when the hub refuses
 */
export function publish(body: string, options: PublishOptions): Promise<string[]> {
  const { dialect, idempotencyKey = keyOf(body) } = options;
  return withHub(options, async (session) => {
    for (let again = AGAIN; ; again--) {
      try {
        return await session.publish(body, idempotencyKey, { query: dialectQuery(dialect) });
      } catch (error) {
        if (again === 0 || !isUnknown(error)) throw error;
        await sleep(AGAIN_MS);
      }
    }
  });
}

/** A key of this publish alone. CloudEvents need none, since the hub knows each of them by its source and id. */
function keyOf(body: string): string | undefined {
  try {
    const read = JSON.parse(body) as unknown;
    const events = Array.isArray(read) ? (read as unknown[]) : [read];
    return events.every(isCloudEvent) ? undefined : randomUUID();
  } catch {
    return randomUUID();
  }
}

function isCloudEvent(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'specversion' in event;
}

/** What would become of the events, and who would hear them. */
function dryRun(body: string, { dialect, ...options }: PublishOptions): Promise<DryRun[]> {
  const headers = { 'Content-Type': 'application/json' };
  return withHub(options, async (session) => {
    const path = `api/v3/events?dry=true${dialectQuery(dialect).replace('?', '&')}`;
    return (await (await session.ask(path, { method: 'POST', headers, body })).json()) as DryRun[];
  });
}

function dialectQuery(dialect: string | undefined): string {
  return dialect === undefined ? '' : `?dialect=${encodeURIComponent(dialect)}`;
}

/** Whether the events may have been published nevertheless. */
function isUnknown(error: unknown): boolean {
  if (!(error instanceof HubError)) return false;
  const { code, cause } = error;
  const failed = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === 'outcome_unknown' || (code === 'lost' && LOST_ON_THE_WAY.has(failed));
}

function bodyOf(what: string, object: string | undefined): string {
  if (/^\s*[[{]/.test(what)) return what;
  const topic = JSON.stringify(parseTopic(what)).slice(0, -1);
  return `${topic},"object":${object === undefined ? 'null' : checkObject(object)}}`;
}

/** Reads one topic, which is written as in a pattern: `\\1` is a dot, `\\2` a comma and `\\3` a star. */
function parseTopic(what: string): { type: string; action: string; key: string } {
  const [, type = '', action = '', key = ''] = /^([^.]+)\.([^.]+)\.(.*)$/s.exec(what) ?? [];
  if (type === '')
    throw new UsageError(
      `"${what}" is neither a topic nor an event. Expected type.action.key, as in profiles.save.global, or an event as JSON.`,
    );
  if (/[*,]/.test(what))
    throw new UsageError(
      `"${what}" is a pattern, and an event has one topic. Expected type.action.key; write a star in a value as \\3, and a comma as \\2.`,
    );
  return { type: plain(type), action: plain(action), key: plain(key) };
}

const ESCAPED: Readonly<Record<string, string>> = { '\\1': '.', '\\2': ',', '\\3': '*' };

function plain(part: string): string {
  return part.replaceAll(/\\[123]/g, (written) => ESCAPED[written] ?? written);
}

/** Returns the same text, since the hub keeps it as it is written. @throws UsageError when the text is not JSON */
function checkObject(object: string): string {
  try {
    JSON.parse(object);
    return object;
  } catch (cause) {
    throw new UsageError('The object is not JSON. Expected for example \'{"Name":"global"}\'.', { cause });
  }
}
