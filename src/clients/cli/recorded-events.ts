import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { matches, type ReadPattern } from '../sdk/match.ts';
import { note } from './command.ts';
import { UsageError } from './errors.ts';
import { parseExactly } from './exact-json.ts';

/** An event of a record, as it is published again. */
export interface RecordedEvent {
  /** The number of its line, from 1 on. */
  readonly line: number;
  /** When it happened, in milliseconds since 1970; `NaN` where the record does not say. */
  readonly at: number;
  readonly topic: { readonly type: string; readonly action: string; readonly key: string };
  /** As JSON, without what the hub sets: the id and the principal. */
  readonly json: string;
}

interface Fields {
  readonly gap?: unknown;
  readonly id?: unknown;
  readonly principal?: unknown;
  readonly time?: unknown;
  readonly type?: unknown;
  readonly action?: unknown;
  readonly key?: unknown;
}

/** The events of a file of JSON lines, or of standard input. @throws UsageError at a line that is no event */
export async function* recordedEvents(
  path: string,
  patterns: readonly ReadPattern[],
  keepTime: boolean,
): AsyncGenerator<RecordedEvent> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line++;
      if (text.trim() === '') continue;
      const event = eventIn(text, path, line, keepTime);
      if (event === undefined) note(`line ${line}: the record has a gap there`);
      else if (matches(patterns, undefined, event.topic)) yield event;
    }
  } catch (cause) {
    if (input.errored !== cause) throw cause;
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

/** `undefined` where the record says that events are missing. @throws UsageError */
function eventIn(text: string, path: string, line: number, keepTime: boolean): RecordedEvent | undefined {
  const { gap, id: _id, principal: _principal, time, ...event } = fieldsOf(text, path, line);
  if (gap !== undefined) return undefined;
  const { type, action, key } = event;
  if (typeof type !== 'string' || typeof action !== 'string' || typeof key !== 'string')
    throw noEvent(path, line);
  return {
    line,
    at: typeof time === 'string' ? Date.parse(time) : NaN,
    topic: { type, action, key },
    json: JSON.stringify(keepTime ? { time, ...event } : event),
  };
}

function fieldsOf(text: string, path: string, line: number): Fields {
  try {
    const fields = parseExactly(text);
    if (typeof fields === 'object' && fields !== null) return fields;
  } catch {
    // The line is refused below.
  }
  throw noEvent(path, line);
}

function noEvent(path: string, line: number): UsageError {
  return new UsageError(
    `Line ${line} of ${path === '-' ? 'standard input' : path} is no event. Expected JSON lines with type, action and key, as "belfry record" writes them; the lines before it were published.`,
  );
}
