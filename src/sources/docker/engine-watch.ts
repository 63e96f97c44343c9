import { delayMs } from '../../clients/sdk/backoff.ts';
import { bound } from '../../model/bound.ts';
import { LineJoiner } from '../lines.ts';
import { byTime } from '../positions.ts';
import { rest } from '../rest.ts';
import type { SourceContext, Unit } from '../source.ts';
import { inspected, listed, type Container } from './container.ts';
import { EngineError, type Engine } from './engine.ts';
import { containerList, engineEvent, inspectedContainer, type EngineEvent } from './engine-answers.ts';
import { publishedEvent } from './engine-event.ts';
import { fixedTimeOf, MARGIN_S, sinceParameter } from './engine-time.ts';

const LIST_EVERY_MS = bound(
  'time between two lists of all containers',
  30_000,
  'ms',
  'the list is asked for; it shows what no event told, and whether the engine still answers',
);
const PART = 'engine';

export interface EngineWatchOptions {
  readonly context: SourceContext;
  readonly engine: Engine;
  /** Told of each container that is there, when it is new, changed, or merely still there after a list of all. */
  readonly put: (container: Container) => void;
  /** Told of containers that are gone, by their ids. */
  readonly gone: (id: string) => void;
  /** Called after the first list of all containers. */
  readonly listed: () => void;
}

/**
 * Watches the containers of an engine. An event says only that something changed; what is so then, the engine is asked. So it
 * follows the events first and lists after, and nothing can happen in between.
 */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  readonly #events: Unit;
  readonly #ids = new Set<string>();
  #isAway = false;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
    // Events must not make the engine wait while the hub is away, since it would wait with all of its work.
    this.#events = options.context.publisher.unit('events', {
      patterns: ['docker.*.*'],
      whenFull: 'drop-oldest',
      order: byTime,
    });
  }

  /** Resolves once the signal is aborted. */
  async run(): Promise<void> {
    const { context, engine } = this.#options;
    const { signal, health, note } = context;
    health.behind(PART, 'The containers are not listed yet.');
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#once(() => (failures = 0));
      } catch (error) {
        if (signal.aborted) break;
        const why = `The Docker engine at ${engine.address} cannot be watched: ${reasonOf(error)}`;
        health.behind(PART, why);
        if (!this.#isAway) note(`${why}; trying on`);
        this.#isAway = true;
      }
      if (!signal.aborted) await rest(delayMs('backoff', failures, Math.random), context);
    }
    await this.#events.close();
  }

  async #once(caughtUp: () => void): Promise<void> {
    const { context, engine } = this.#options;
    const { clock } = context;
    const broken = new AbortController();
    const signal = AbortSignal.any([context.signal, broken.signal]);
    await this.#events.flush();
    const last = await this.#events.resume();
    const since = last === undefined ? '' : `?since=${sinceParameter(last.at, MARGIN_S)}`;
    const stream = await engine.stream(`/events${since}`, signal);
    let fault: unknown = new Error('the engine ended its events');
    const list = this.#lister(signal, caughtUp, (error) => {
      fault = error;
      broken.abort();
    });
    const cancel = clock.every(LIST_EVERY_MS, () => list(ALL));
    list(ALL);
    const lines = new LineJoiner();
    let newest = '';
    try {
      for await (const chunk of stream)
        for (const { text } of lines.push(chunk)) {
          const event = engineEvent.parse(JSON.parse(text));
          const at = timeOf(event);
          newest = at > newest ? at : newest;
          const published = publishedEvent(event, at);
          if (published !== undefined) await this.#events.publish({ ...published, at: newest });
          if (event.Type === 'container' && published !== undefined) list(event.Actor.ID);
        }
    } catch (error) {
      throw broken.signal.aborted ? fault : error;
    } finally {
      cancel();
      broken.abort();
    }
    throw fault;
  }

  #caughtUp(): void {
    const { health, note } = this.#options.context;
    health.caughtUp(PART);
    if (this.#isAway) note('the Docker engine answers again');
    this.#isAway = false;
  }

  /**
   * Returns a function that asks for a container, or for all. One request goes on at a time, so that an older answer never
   * follows a newer one, and all that is asked for meanwhile is asked for after it.
   */
  #lister(signal: AbortSignal, done: () => void, failed: (error: unknown) => void): (id: string) => void {
    let wanted = new Set<string>();
    let isListing = false;
    const listWanted = async (): Promise<void> => {
      isListing = true;
      try {
        while (wanted.size > 0) {
          const ids = wanted;
          wanted = new Set();
          if (ids.delete(ALL)) await this.#listAll(signal);
          for (const id of ids) await this.#inspect(id, signal);
        }
        done();
        this.#caughtUp();
      } catch (error) {
        failed(error);
      }
      isListing = false;
    };
    return (id) => {
      wanted.add(id);
      if (!isListing) void listWanted();
    };
  }

  async #listAll(signal: AbortSignal): Promise<void> {
    const list = await this.#options.engine.read('/containers/json?all=true', containerList, signal);
    const ids = new Set(list.map(({ Id }) => Id));
    for (const id of this.#ids) if (!ids.has(id)) this.#gone(id);
    for (const each of list) this.#put(listed(each));
    this.#options.listed();
  }

  /** The list may still show the state before an event, but a container itself does not. */
  async #inspect(id: string, signal: AbortSignal): Promise<void> {
    try {
      this.#put(
        inspected(await this.#options.engine.read(`/containers/${id}/json`, inspectedContainer, signal)),
      );
    } catch (error) {
      if (!(error instanceof EngineError && error.status === 404)) throw error;
      this.#gone(id);
    }
  }

  #put(container: Container): void {
    this.#ids.add(container.id);
    this.#options.put(container);
  }

  #gone(id: string): void {
    if (this.#ids.delete(id)) this.#options.gone(id);
  }
}

/** No container has this id. */
const ALL = '';

function timeOf({ time, timeNano = time * 1e9 }: EngineEvent): string {
  // The nanoseconds of today are more than a number holds exactly; the seconds are exact.
  return fixedTimeOf(time, String(timeNano % 1e9).padStart(9, '0'));
}

function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return message === 'aborted' ? 'it cut the connection' : message;
}
