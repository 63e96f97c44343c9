import type { HubEvent } from '../../src/model/event.ts';
import { changed } from '../../src/model/heard-event.ts';

/**
 * Records the events that a broker delivers, and waits until there are enough of them. It asks for everything that an
 * event holds, as a client does that wants all of it, and leaves out what is rejected then.
 */
export class Recorder {
  readonly events: HubEvent[] = [];
  #waiting: (() => void)[] = [];

  readonly hear = (event: HubEvent): true => {
    const values = changed(event, {});
    if (event.isUnreadable === true) return true;
    this.events.push(values);
    for (const look of this.#waiting) look();
    return true;
  };

  /**
   * The first `count` events, as soon as there are that many. When it takes too long it rejects with what was heard.
   */
  count(wanted: number, withinMs = 5_000): Promise<HubEvent[]> {
    return this.until((events) => events.length >= wanted, `${wanted} events`, withinMs);
  }

  /** All recorded events, once an event of this key is among them. */
  key(wanted: string, withinMs = 5_000): Promise<HubEvent[]> {
    return this.until((events) => events.at(-1)?.key === wanted, `the key "${wanted}"`, withinMs);
  }

  /** All recorded events, as soon as the condition holds. */
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
