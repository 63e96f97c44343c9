import { HubError } from './errors.ts';
import type { HubEvent } from './item.ts';
import type { Answered, Link } from './link.ts';
import type { TabMessage } from './tabs.ts';

/** The link of a tab that is not the leader: it talks to the hub through the leader. */
export class TabLink implements Link {
  readonly kind = 'tab';
  readonly answerMs = 10_000;
  readonly #post: (message: TabMessage) => void;
  readonly #tab: string;
  readonly #answers = new Map<number, Answered>();
  #lastId = 0;

  constructor(tab: string, post: (message: TabMessage) => void) {
    this.#tab = tab;
    this.#post = post;
  }

  send(command: string, fields: object, answered: Answered): void {
    const id = ++this.#lastId;
    this.#answers.set(id, answered);
    this.#post({ kind: 'command', from: this.#tab, id, command, fields: plain(fields) });
  }

  answer({ id, error, reply }: TabMessage & { kind: 'answer' }): void {
    const answered = this.#answers.get(id);
    this.#answers.delete(id);
    answered?.(error && new HubError(error.code, error.message, { see: error.see }), reply);
  }

  close(): void {
    this.#answers.clear();
  }
}

/** A copy without what a channel between tabs cannot carry. The fields become JSON anyway. */
function plain(fields: object): object {
  return JSON.parse(JSON.stringify(fields)) as object;
}

export function eventOf(text: string): HubEvent {
  return { ...(JSON.parse(text) as HubEvent), text };
}
