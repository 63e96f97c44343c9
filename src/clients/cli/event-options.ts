/** The options of commands that hear events. */
import type { Command } from 'commander';
import { collect, wholeNumber } from './command.ts';
import { beginning, duration } from './duration.ts';

export interface EventOptions {
  readonly since?: string | Date;
  readonly filter: readonly string[];
}

export interface EndOptions {
  readonly count?: number;
  readonly for?: number;
}

/** From when on a command hears events, and which. */
export function hearing(command: Command): Command {
  return command
    .option(
      '-s, --since <when>',
      'begin so long ago (10m), after the event with this id, or at this time',
      beginning,
    )
    .option('-f, --filter <path=value>', 'only events with this value there; again for more', collect, []);
}

/** After how many events, or after which time, a command ends by itself. */
export function ending(command: Command): Command {
  return command
    .option('-n, --count <events>', 'end after so many events', wholeNumber)
    .option('--for <time>', 'end after this time, as in 30s', duration);
}
