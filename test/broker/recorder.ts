import type { HubEvent } from '../../src/model/event.ts';

/** Hears a broker, and says when it has heard enough. */
export class Recorder {
  readonly events: HubEvent[] = [];
  #waiting: (() => void)[] = [];

  readonly hear = (event: HubEvent): void => {
    this.events.push(event);
    for (const look of this.#waiting) look();
  };

  /** The first so many events, as soon as there are that many. Rejects, with what was heard, when it takes too long. */
  count(wanted: number, withinMs = 5_000): Promise<HubEvent[]> {
    return this.until((events) => events.length >= wanted, `${wanted} events`, withinMs);
  }

  /** Everything heard, once an event of this key is among it. */
  key(wanted: string, withinMs = 5_000): Promise<HubEvent[]> {
    return this.until((events) => events.at(-1)?.key === wanted, `the key "${wanted}"`, withinMs);
  }

  /** Everything heard, as soon as that is enough. */
  until(
    isEnough: (events: readonly HubEvent[]) => boolean,
    what: string,
    withinMs = 5_000,
  ): Promise<HubEvent[]> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (isEnough(this.events)) done(() => resolve([...this.events]));
      };
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== look);
        settle();
      };
      const heard = (): string =>
        this.events
          .slice(-20)
          .map(({ type, key }) => `${type} ${key}`)
          .join(', ');
      const timer = setTimeout(() => {
        const said = `waited ${withinMs} ms for ${what}; heard ${this.events.length} events, last: ${heard()}`;
        done(() => reject(new Error(said)));
      }, withinMs);
      this.#waiting.push(look);
      look();
    });
  }

  get ids(): (string | undefined)[] {
    return this.events.map(({ id }) => id);
  }

  get keys(): string[] {
    return this.events.map(({ key }) => key);
  }
}
