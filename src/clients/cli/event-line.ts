import type { HubEvent } from '../sdk/item.ts';
import { parseExactly } from './exact-json.ts';
import type { Note, Shape } from './output.ts';

/** Events, each as it came: as JSON with every digit of its numbers, or as a line for people. */
export const EVENTS: Shape<HubEvent> = {
  json: ({ text }) => text,
  line: ({ time, type, action, key, principal = '-', text }) => {
    const { object } = parseExactly(text) as { readonly object?: unknown };
    const topic = `${type}.${action}.${key}`;
    return [
      [time, 'dim'],
      '  ',
      [topic, 'bold'],
      '  ',
      [principal, 'cyan'],
      '  ',
      JSON.stringify(object ?? null),
    ];
  },
};

/** What becomes of the events of a watch. */
export interface EventPrinter {
  print(event: HubEvent): void | Promise<void>;
  /** Prints a line that is no result. */
  readonly note: Note;
  end(): void;
}
