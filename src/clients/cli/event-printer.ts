import { note } from './command.ts';
import { UsageError } from './errors.ts';
import { EVENTS, type EventPrinter } from './event-line.ts';
import { Output, type OutputOptions } from './output.ts';

export const VIEWS = ['events', 'steps'] as const;

export interface PrintOptions extends OutputOptions {
  /** A command of the shell that is run for each event. */
  readonly exec?: string;
  readonly template?: string;
  readonly view: (typeof VIEWS)[number];
}

export async function eventPrinter(options: PrintOptions): Promise<EventPrinter> {
  const { exec, template, view } = options;
  if (exec?.trim() === '')
    throw new UsageError('The command of --exec is empty. Expected a command of the shell.');
  if (exec !== undefined) {
    const { runForEvent } = await import('./run-for-event.ts');
    return { print: (event) => runForEvent(exec, event), note, end: nothing };
  }
  if (template !== undefined) {
    const { templateOf } = await import('./template.ts');
    const write = templateOf(template);
    return { print: ({ text }) => void process.stdout.write(`${write(text)}\n`), note, end: nothing };
  }
  const output = new Output(options);
  if (view === 'events') return { note, ...output.rows(EVENTS) };
  const { stepsView } = await import('./steps-view.ts');
  return stepsView(output, note);
}

function nothing(): void {}
