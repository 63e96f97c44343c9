import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { HubError } from '../../sdk/errors.ts';
import { readPattern } from '../../sdk/match.ts';
import {
  examples,
  hubCommand,
  note,
  untilStopped,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { MAX_MS } from '../duration.ts';
import { CommandError, UsageError } from '../errors.ts';
import { Output } from '../output.ts';
import { recordedEvents, type RecordedEvent } from '../recorded-events.ts';
import { retrying } from '../retrying.ts';
import type { Session } from '../session.ts';

interface ReplayOptions extends HubOptions {
  /** How much faster than it was recorded; `Infinity` for without pauses. */
  readonly speed: number;
  readonly keepTime?: boolean;
  readonly run?: string;
}

/** What is published together when nothing is waited for. The hub takes a list of this length and size in any case. */
const LIST_EVENTS = 100;
const LIST_CHARACTERS = 65_536;
/** The hub remembers a key for five minutes. A repetition after that would publish twice. */
const RETRY_MS = 270_000;
/** After these errors a repetition may succeed. */
const PASSING: ReadonlySet<string> = new Set(['lost', 'unavailable', 'limit_reached', 'outcome_unknown']);

/** `belfry replay`: publishes what was recorded. */
export const addReplay: AddCommand = (program) => {
  const command = hubCommand(program, 'replay')
    .description(
      'Publish the events of a file again, in their order and with their pauses. A repetition within five minutes publishes nothing twice.',
    )
    .argument('<file>', 'JSON lines, as "belfry record" and "belfry watch --output jsonl" write them, or -')
    .argument('[patterns...]', 'only events that match one of these', ['*.*.*'])
    .option('-x, --speed <factor>', 'how much faster than it was recorded; max: without pauses', speed, 1)
    .option('--keep-time', 'publish with the times of the record; otherwise events happen now')
    .option('--run <name>', 'publish the same file once more: a repetition has the same file, speed and name')
    .action((path: string, patterns: string[], options: ReplayOptions) =>
      withHub(options, (session) => replay(session, path, patterns, options)),
    );
  examples(command, {
    'belfry replay deploys.jsonl --speed 10': 'an hour in six minutes',
    "belfry replay all.jsonl 'task.*.*' --speed max --context staging": 'all tasks, at once, to another hub',
  });
};

function speed(text: string): number {
  const factor = text === 'max' ? Infinity : Number(text);
  if (factor > 0) return factor;
  throw new UsageError(`"${text}" is no speed. Expected a factor such as 1, 0.5 or 10, or max.`);
}

async function replay(
  session: Session,
  path: string,
  patterns: readonly string[],
  { speed: factor, keepTime = false, run = '', ...options }: ReplayOptions,
): Promise<void> {
  const signal = untilStopped();
  const events = recordedEvents(path, patterns.map(readPattern), keepTime);
  const published = { events: 0, first: null as string | null, last: null as string | null };
  const pace = new Pace(factor);
  try {
    for await (const list of lists(events, factor === Infinity)) {
      const [{ at }] = list;
      await pace.wait(at, signal);
      const ids = await publish(session, list, `${run}:${factor}`, signal);
      published.events += ids.length;
      published.first ??= ids.at(0) ?? null;
      published.last = ids.at(-1) ?? null;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError('interrupted', `The replay was ended after ${published.events} events.`);
  } finally {
    new Output(options).one(published);
  }
}

type List = [RecordedEvent, ...RecordedEvent[]];

/** One event after another, or lists, which depend on nothing but the file, so that a repetition makes the same ones. */
async function* lists(events: AsyncIterable<RecordedEvent>, together: boolean): AsyncGenerator<List> {
  let list: List | undefined;
  let size = 0;
  try {
    for await (const event of events) {
      if (!together) yield [event];
      else if (list === undefined) list = [event];
      else list.push(event);
      size += event.json.length;
      if (list === undefined || (list.length < LIST_EVENTS && size < LIST_CHARACTERS)) continue;
      yield list;
      list = undefined;
      size = 0;
    }
  } catch (error) {
    // What stands before the line that cannot be read is published.
    if (list !== undefined) yield list;
    throw error;
  }
  if (list !== undefined) yield list;
}

/** When each event is due, by the pauses between the events of the record. */
class Pace {
  readonly #factor: number;
  #begin: { readonly recorded: number; readonly now: number } | undefined;

  constructor(factor: number) {
    this.#factor = factor;
  }

  /** Waits until an event that happened at this time is due. */
  async wait(at: number, signal: AbortSignal): Promise<void> {
    if (Number.isNaN(at)) return;
    this.#begin ??= { recorded: at, now: Date.now() };
    const due = this.#begin.now + (at - this.#begin.recorded) / this.#factor;
    for (let left = due - Date.now(); left > 0; left = due - Date.now())
      await pause(Math.min(left, MAX_MS), undefined, { signal });
  }
}

/** Publishes through interruptions. The key is made of the lines, so that each is published once. */
async function publish(session: Session, list: List, run: string, signal: AbortSignal): Promise<string[]> {
  const body = `[${list.map(({ json }) => json).join()}]`;
  const hash = createHash('sha256').update(`${run}:${list[0].line}:${body}`).digest('base64url');
  return retrying(() => session.publish(body, `replay:${hash}`, { signal }), {
    forMs: RETRY_MS,
    signal,
    pauseAfter: (error) => (error instanceof HubError && PASSING.has(error.code) ? 0 : undefined),
    tell: (error, pauseMs) => note(`${(error as Error).message} Again in ${pauseMs} ms.`),
  });
}
