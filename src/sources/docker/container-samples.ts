import { delayMs } from '../../clients/sdk/backoff.ts';
import { bound } from '../../model/bound.ts';
import { LineJoiner } from '../lines.ts';
import { rest } from '../rest.ts';
import type { SourceContext } from '../source.ts';
import type { Container } from './container.ts';
import { containerStats, type ContainerStats } from './container-stats.ts';
import type { Engine } from './engine.ts';
import { statsSample } from './engine-answers.ts';

/** The engine sends one each second. */
const SILENCE_MS = bound(
  'time between two samples of a container',
  10_000,
  'ms',
  'the stream of samples is opened again',
);

export interface ContainerSamplesOptions {
  readonly context: SourceContext;
  readonly engine: Engine;
  readonly container: Container;
  readonly told: (stats: ContainerStats, time: string) => void;
}

/** What a container uses, once a second, while it runs and somebody listens. */
export class ContainerSamples {
  readonly #options: ContainerSamplesOptions;
  #following: AbortController | undefined;

  constructor(options: ContainerSamplesOptions) {
    this.#options = options;
  }

  begin(): void {
    if (this.#following !== undefined) return;
    this.#following = new AbortController();
    void this.#follow(AbortSignal.any([this.#options.context.signal, this.#following.signal]));
  }

  end(): void {
    this.#following?.abort();
    this.#following = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#once(signal, () => (failures = 0));
      } catch {
        // The engine is away or the container is gone. Whoever watches the engine tells of it.
      }
      if (!signal.aborted) await rest(delayMs('backoff', failures, Math.random), { ...context, signal });
    }
  }

  async #once(signal: AbortSignal, sampled: () => void): Promise<void> {
    const { engine, container, context, told } = this.#options;
    const silence = new AbortController();
    const limited = AbortSignal.any([signal, silence.signal]);
    let cancel = context.clock.after(SILENCE_MS, () => silence.abort());
    const lines = new LineJoiner();
    let isFirst = true;
    try {
      for await (const chunk of await engine.stream(
        `/containers/${container.id}/stats?stream=true`,
        limited,
      )) {
        cancel();
        cancel = context.clock.after(SILENCE_MS, () => silence.abort());
        for (const { text } of lines.push(chunk)) {
          const sample = statsSample.parse(JSON.parse(text));
          // It has nothing to be compared with.
          if (!isFirst) told(containerStats(sample), sample.read);
          isFirst = false;
          sampled();
        }
      }
    } finally {
      cancel();
    }
  }
}
