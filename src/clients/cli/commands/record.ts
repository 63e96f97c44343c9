import type { HubEvent } from '../../sdk/item.ts';
import { examples, hubCommand, note, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { ending, hearing, type EndOptions, type EventOptions } from '../event-options.ts';
import { readFilters } from '../filters.ts';
import { hiddenTypes } from '../../../model/hidden-types.ts';
import { Output } from '../output.ts';
import { RecordFile } from '../record-file.ts';
import type { Session } from '../session.ts';

interface RecordOptions extends HubOptions, EventOptions, EndOptions {
  readonly append?: boolean;
}

/** `belfry record`: events into a file, for `belfry replay`. */
export const addRecord: AddCommand = (program) => {
  const recording = hubCommand(program, 'record')
    .description(
      'Write events into a file, one JSON a line, until it is ended. "belfry replay" publishes them again.',
    )
    .argument('<file>', 'the file, which must be new')
    .argument('[patterns...]', 'type.action.key, each part * or a comma list', ['*.*.*']);
  const command = ending(hearing(recording))
    .option('-a, --append', 'go on after the last event that is in the file')
    .action((path: string, patterns: string[], options: RecordOptions) =>
      withHub(options, (session) => record(session, path, patterns, options)),
    );
  examples(command, {
    "belfry record deploys.jsonl 'deploy.*.*' --since 1h --for 10m":
      'an hour that was, and ten minutes to come',
    'belfry record all.jsonl --append': 'everything, also after a break',
  });
};

async function record(
  session: Session,
  path: string,
  patterns: readonly string[],
  options: RecordOptions,
): Promise<void> {
  const { follow } = await import('../follow.ts');
  const { count, append = false, filter } = options;
  session.tellState(note);
  const file = new RecordFile(path, append);
  const hidden = hiddenTypes(patterns);
  const since = file.lastId ?? options.since;
  const written = { file: path, events: 0, gaps: 0, last: file.lastId ?? null };
  const take = (event: HubEvent): boolean => {
    if (hidden.has(event.type)) return false;
    file.event(event);
    written.events++;
    written.last = event.id ?? written.last;
    return written.events === count;
  };
  try {
    await follow(
      session,
      patterns,
      {
        since,
        filters: readFilters(filter),
        note,
        forMs: options.for,
        awaited: count === undefined ? undefined : `The last of ${count} events`,
        onGap: (gap) => {
          file.gap(gap);
          written.gaps++;
        },
      },
      take,
    );
  } finally {
    file.close();
    new Output(options).one(written);
  }
}
