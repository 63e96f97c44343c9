import { HubError } from '../../sdk/errors.ts';
import type { HubEvent } from '../../sdk/item.ts';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { CommandError } from '../errors.ts';
import { Output, type Column } from '../output.ts';
import type { Session } from '../session.ts';

const COLUMNS: readonly Column<HubEvent>[] = [
  { title: 'KEY', text: ({ key }) => key },
  { title: 'TIME', text: ({ time }) => time },
  { title: 'ACTION', text: ({ action }) => action },
  { title: 'OBJECT', text: ({ object }) => JSON.stringify(object) },
];

/** `belfry values`: the newest event of each key, as the hub keeps it. */
export const addValues: AddCommand = (program) => {
  const command = hubCommand(program, 'values')
    .description('Print the newest event of each key of a type that the hub keeps.')
    .argument('<type>', 'as in cluster')
    .argument('[keys...]', 'only these keys')
    .action((type: string, keys: string[], options: HubOptions) =>
      withHub(options, async (session) => {
        const rows = new Output(options).rows({ columns: COLUMNS });
        for await (const event of valuesOf(session, type, keys)) rows.print(event);
        rows.end();
      }),
    );
  examples(command, {
    'belfry values cluster': 'every cluster as it is',
    'belfry values cluster prod --output yaml': 'one of them, with all its fields',
  });
};

async function* valuesOf(session: Session, type: string, keys: readonly string[]): AsyncGenerator<HubEvent> {
  const path = `api/v3/${encodeURIComponent(type)}`;
  try {
    if (keys.length === 0)
      // Other lists of the hub stand at paths of the same form.
      for await (const event of session.pages<HubEvent>(`${path}?as=events&limit=1000`)) {
        if (event.type !== type) throw notKept(type);
        yield event;
      }
    for (const key of keys)
      yield await session.read<HubEvent>(`${path}/${encodeURIComponent(key)}?as=events`);
  } catch (cause) {
    // Lists of another kind know no such parameter.
    if (cause instanceof HubError && /^(?:not_found|not_acceptable|parameter_invalid)$/.test(cause.code))
      throw notKept(type, keys, cause);
    throw cause;
  }
}

function notKept(type: string, keys: readonly string[] = [], cause?: unknown): CommandError {
  const what =
    keys.length === 0 ? `values of the type "${type}"` : `value of ${type} for one of ${keys.join(', ')}`;
  return new CommandError(
    'refused',
    `The hub keeps no ${what}. Expected a type that BELFRY_RETENTION keeps, and a key that had an event.`,
    { cause, see: 'settings#BELFRY_RETENTION' },
  );
}
