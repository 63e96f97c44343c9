import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { Output, type Column } from '../output.ts';

interface Presence {
  readonly principal: string;
  readonly online: boolean;
  readonly since: string | null;
  readonly lastSeen: string | null;
}

const COLUMNS: readonly Column<Presence>[] = [
  { title: 'PRINCIPAL', text: ({ principal }) => principal },
  { title: 'ONLINE', text: ({ online }) => (online ? 'yes' : 'no') },
  { title: 'SINCE', text: ({ since }) => since ?? '-' },
  { title: 'LAST SEEN', text: ({ lastSeen }) => lastSeen ?? '-' },
];

/** `belfry presence`: who is online. */
export const addPresence: AddCommand = (program) => {
  const command = hubCommand(program, 'presence')
    .description('Print whether principals are online and since when; without a name, all that are online.')
    .argument('[principals...]', 'as in user:ada')
    .action((principals: string[], options: HubOptions) =>
      withHub(options, async (session) => {
        const rows = new Output(options).rows({ columns: COLUMNS });
        for (const principal of principals) {
          const query = new URLSearchParams({ principal });
          rows.print(await session.read<Presence>(`api/v3/presence?${query.toString()}`));
        }
        if (principals.length === 0)
          for await (const presence of session.pages<Presence>('api/v3/presence')) rows.print(presence);
        rows.end();
      }),
    );
  examples(command, {
    'belfry presence': 'all that are online',
    'belfry presence user:ada runner:7 --output jsonl': 'two principals, with their connections',
  });
};
