import type { DeadLetter } from '../../../model/dead-letter.ts';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { UsageError } from '../errors.ts';
import { Output, type Column } from '../output.ts';
import type { Session } from '../session.ts';

const PATH = 'api/v3/dead-letters';
const PAGE = 100;

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'TIME', text: ({ time }) => time },
  { title: 'REASON', text: ({ reason }) => reason },
  { title: 'MESSAGE', text: ({ message }) => message },
];
const IDS: readonly Column<Pick<DeadLetter, 'id'>>[] = [{ title: 'ID', text: ({ id }) => id }];

/** `belfry dead-letters`: what the ingress could not accept, and what sinks could not deliver. */
export const addDeadLetters: AddCommand = (program) => {
  const command = program
    .command('dead-letters')
    .description(
      'List, show, retry or delete what the ingress could not accept, and what sinks could not deliver.',
    );
  examples(command, {
    'belfry dead-letters': 'lists them',
    'belfry dead-letters retry --all': 'puts all of them back, once the reason is gone',
  });

  hubCommand(command, 'list', { isDefault: true })
    .description('Print the id, time and reason of each dead letter, oldest first.')
    .action((options: HubOptions) =>
      withHub(options, async (session) => {
        const rows = new Output(options).rows({ columns: COLUMNS });
        for await (const letter of lettersOf(session)) rows.print(letter);
        rows.end();
      }),
    );

  hubCommand(command, 'show')
    .description('Print one dead letter with its text.')
    .argument('<id>', 'its id in the list')
    .action((id: string, options: HubOptions) =>
      withHub(options, async (session) =>
        new Output(options).one(await session.read<DeadLetter>(pathOf(id))),
      ),
    );

  hubCommand(command, 'retry')
    .description(
      'Put dead letters back into the ingress, or ask their sinks to deliver them again, and print their ids.',
    )
    .argument('[ids...]', 'their ids in the list')
    .option('-a, --all', 'all dead letters there are now')
    .action((ids: string[], options: HubOptions & { readonly all?: boolean }) => {
      if ((ids.length === 0) !== (options.all === true))
        throw new UsageError('It is not clear what to retry. Expected either ids of the list, or --all.');
      return withHub(options, async (session) => {
        // All ids are listed before the first retry: a letter that is refused again comes back under a new id, and would be
        // retried for ever.
        const wanted = [...ids];
        if (options.all === true) for await (const { id } of lettersOf(session)) wanted.push(id);
        await each(wanted, options, (id) => session.ask(`${pathOf(id)}/retry`, { method: 'POST' }));
      });
    });

  hubCommand(command, 'delete')
    .description('Delete dead letters and print their ids.')
    .argument('<ids...>', 'their ids in the list')
    .action((ids: string[], options: HubOptions) =>
      withHub(options, (session) =>
        each(ids, options, (id) => session.ask(pathOf(id), { method: 'DELETE' })),
      ),
    );
};

/** Does it to each, and prints each id once it is done. */
async function each(
  ids: readonly string[],
  options: HubOptions,
  run: (id: string) => Promise<unknown>,
): Promise<void> {
  const rows = new Output(options).rows({ columns: IDS, line: ({ id }) => [id] });
  try {
    for (const id of ids) {
      await run(id);
      rows.print({ id });
    }
  } finally {
    rows.end();
  }
}

/** Reads the dead letters page by page. Letters that are added meanwhile come last, so none is skipped. */
async function* lettersOf(session: Session): AsyncGenerator<DeadLetter> {
  let total: number;
  let offset = 0;
  do {
    const response = await session.ask(`${PATH}?offset=${offset}&limit=${PAGE}`);
    yield* (await response.json()) as DeadLetter[];
    offset += PAGE;
    total = Number(response.headers.get('X-DRP-LIST-TOTAL-COUNT'));
  } while (offset < total);
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
