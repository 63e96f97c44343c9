import { delayMs } from '../../clients/sdk/backoff.ts';
import { exactPattern } from '../../model/exact-pattern.ts';
import { byTime } from '../positions.ts';
import { rest } from '../rest.ts';
import type { SourceContext, Unit } from '../source.ts';
import { shortId } from './app-id.ts';
import type { Container } from './container.ts';
import { EngineError, type Engine } from './engine.ts';
import { fixedTimeOfDate } from './engine-time.ts';
import { logLines, logOrigin, tailStart, type PlacedLine } from './log-lines.ts';

/** When this process was started. */
const STARTED = new Date(performance.timeOrigin);

export interface ContainerLogOptions {
  readonly context: SourceContext;
  readonly engine: Engine;
  readonly container: Container;
  readonly appId: string;
  /** Called with the reason why the engine cannot read the log, such as its driver. */
  readonly unreadable: (reason: string) => void;
}

/**
 * The log of one container while somebody listens: the last lines, then each new one, through restarts of the container, of the
 * engine and of the source itself.
 */
export class ContainerLog {
  readonly #options: ContainerLogOptions;
  #following: AbortController | undefined;
  /** Each begin waits until what was followed before has ended. */
  #ended: Promise<void> = Promise.resolve();
  #drained = Promise.withResolvers<void>();
  /** How often the container was told to run, or to be gone. */
  #changes = 0;
  #wake: (() => void) | undefined;

  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.#drained.resolve();
  }

  begin(since: Date): void {
    if (this.#following !== undefined) return;
    const following = (this.#following = new AbortController());
    const signal = AbortSignal.any([this.#options.context.signal, following.signal]);
    this.#drained = Promise.withResolvers();
    this.#ended = this.#ended.then(() => this.#follow(since, signal)).finally(() => this.#drained.resolve());
  }

  end(): void {
    this.#following?.abort();
    this.#following = undefined;
  }

  /** The container runs, maybe again, or is gone. */
  changed(): void {
    this.#changes++;
    this.#wake?.();
  }

  /** Resolves once everything is published that the container wrote before it stopped, and at once where nobody listens. */
  drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Ends once everything is published that the container wrote. */
  async leave(): Promise<void> {
    await this.drained();
    this.end();
  }

  async #follow(since: Date, signal: AbortSignal): Promise<void> {
    const { context, container, appId, unreadable } = this.#options;
    const unit = context.publisher.unit(`log:${shortId(container.id)}`, {
      patterns: [exactPattern('container', 'log', appId)],
      whenFull: 'wait',
      order: byTime,
    });
    for (let failures = 0; !signal.aborted;) {
      const changes = this.#changes;
      try {
        const wasAlive = await this.#once(unit, since, signal, () => (failures = 0));
        if (!wasAlive) await this.#untilChanged(unit, changes, signal);
        // The engine ends the log of a container that lives, when the container or the engine stops.
        else await rest(delayMs('backoff', failures++, Math.random), { ...context, signal });
      } catch (error) {
        if (signal.aborted) break;
        const { status, message } = error instanceof EngineError ? error : { status: 0, message: '' };
        if (status === 404) break;
        if (status === 501 || /logging driver/.test(message)) {
          unreadable(message);
          await this.#untilChanged(unit, changes, signal);
        } else await rest(delayMs('backoff', failures++, Math.random), { ...context, signal });
      }
    }
    await unit.close();
  }

  /** Reads the log from where the hub has it, until its end. Resolves with whether the container was alive. */
  async #once(unit: Unit, since: Date, signal: AbortSignal, read: () => void): Promise<boolean> {
    const { engine, container } = this.#options;
    const origin = await logOrigin(engine, container.id, signal);
    await unit.flush();
    const last = await unit.resume(origin.createdAt);
    const tail = await tailStart(engine, origin, signal);
    // What is always wanted is wanted since the source began, where the hub has nothing from before.
    const wanted = fixedTimeOfDate(last === undefined && since < STARTED ? STARTED : since);
    const first = tail < wanted ? tail : wanted;
    const start = last !== undefined && last.at > first ? last.at : first;
    for await (const lines of logLines(engine, origin, start, signal)) {
      read();
      for (const line of lines) await this.#publish(unit, line);
    }
    return origin.isAlive;
  }

  async #publish(unit: Unit, { stream, at, text, cutBytes, position }: PlacedLine): Promise<void> {
    const { container, appId } = this.#options;
    await unit.publish({
      type: 'container',
      action: 'log',
      key: appId,
      time: at,
      object: { line: text, stream, container: container.name, ...(cutBytes !== undefined && { cutBytes }) },
      at: position,
    });
  }

  /** Everything of a container that has stopped is read. It may start again. */
  async #untilChanged(unit: Unit, changes: number, signal: AbortSignal): Promise<void> {
    await unit.flush();
    this.#drained.resolve();
    if (this.#changes === changes && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#wake = wake;
      signal.addEventListener('abort', wake);
      await promise;
      signal.removeEventListener('abort', wake);
    }
    this.#drained = Promise.withResolvers();
  }
}
