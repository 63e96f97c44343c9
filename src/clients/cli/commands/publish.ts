import { text } from 'node:stream/consumers';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { UsageError } from '../errors.ts';
import { Output } from '../output.ts';

interface PublishOptions extends HubOptions {
  readonly dialect?: string;
  readonly idempotencyKey?: string;
}

/** `belfry publish`: one event, or a list of events, in any format. */
export const addPublish: AddCommand = (program) => {
  const command = hubCommand(program, 'publish')
    .description('Publish events and print their ids.')
    .argument('<what>', 'type.action.key, an event or a list of events as JSON, or - for standard input')
    .argument('[object]', 'the object as JSON')
    .option('-d, --dialect <name>', 'the format of the event; recognised by its fields when absent')
    .option('-k, --idempotency-key <key>', 'publish at most once under this key, within five minutes')
    .action(async (what: string, object: string | undefined, options: PublishOptions) => {
      const body = bodyOf(what === '-' ? await text(process.stdin) : what, object);
      const ids = await publish(body, options);
      new Output(options).all(
        ids.map((id) => ({ id })),
        { line: ({ id }) => [id] },
      );
    });
  examples(command, {
    'belfry publish profiles.save.global \'{"Name":"global"}\'': 'one event',
    'belfry publish - --idempotency-key build-42 < events.json': 'a list of events, at most once',
    'belfry publish \'{"Type":"profiles","Action":"save","Key":"global"}\' --dialect drp':
      'an event as Digital Rebar Provision writes it',
  });
};

/** Publishes one event or a list as JSON, and resolves with the ids. @throws CommandError when the hub refuses */
export function publish(body: string, options: PublishOptions): Promise<string[]> {
  const { dialect, idempotencyKey } = options;
  // Node writes the characters of a header as Latin-1, so each byte of the key becomes one character.
  const key = idempotencyKey === undefined ? undefined : Buffer.from(idempotencyKey).toString('latin1');
  const headers = {
    'Content-Type': 'application/json',
    ...(key !== undefined && { 'Idempotency-Key': key }),
  };
  const query = dialect === undefined ? '' : `?dialect=${encodeURIComponent(dialect)}`;
  return withHub(options, async (session) => {
    const response = await session.ask(`api/v3/events${query}`, { method: 'POST', headers, body });
    return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
  });
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
