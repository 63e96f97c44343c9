import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { Output, type Column } from '../output.ts';

/** Why a connection heard an event, or did not. */
interface Explained {
  readonly topic: string;
  readonly connection: string;
  readonly node: string;
  readonly outcome: string;
  readonly why: readonly Rule[];
}

interface Rule {
  readonly rule: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Who would hear an event. */
interface Hearers {
  readonly topic: string;
  readonly total: number;
  readonly connections: readonly Hearer[];
  readonly silent: readonly string[];
}

type Hearer = Readonly<Record<string, unknown>>;

const RULES: readonly Column<Rule>[] = [
  { title: 'RULE', text: ({ rule }) => rule },
  { title: 'PASSED', text: ({ passed }) => (passed ? 'yes' : 'no') },
  { title: 'DETAIL', text: ({ detail }) => detail },
];

/** `belfry explain`: which rule let an event through to a connection, or stopped it. */
export const addExplain: AddCommand = (program) => {
  const command = hubCommand(program, 'explain')
    .description(
      'Explain to an admin why a connection heard an event or did not; without a connection, who would hear it.',
    )
    .argument('<event>', 'the id of an event, or type.action.key')
    .argument('[connection]', 'the address or the id of a connection that "belfry connections list" shows')
    .action((event: string, connection: string | undefined, options: HubOptions) =>
      withHub(options, async (session) => {
        const asked = /^\d+-\d+$/.test(event) ? { event } : { topic: event };
        const query = new URLSearchParams({ ...asked, ...(connection !== undefined && { connection }) });
        const answer = await session.read<Explained | Hearers>(`api/v3/explain?${query.toString()}`);
        print(answer, new Output(options));
      }),
    );
  examples(command, {
    'belfry explain 1768473000000-0 192.0.2.1:50514': 'which rule stopped an event on its way to one client',
    'belfry explain deploy.failed.myapp': 'who would hear such an event',
  });
};

function print(answer: Explained | Hearers, output: Output): void {
  if (output.format !== 'table') return output.one(answer);
  if ('why' in answer) {
    const { topic, connection, node, outcome, why } = answer;
    output.line([
      [outcome, outcome === 'sent' ? 'green' : 'yellow'],
      `: ${topic} to ${connection} on ${node}`,
    ]);
    return output.all(why, { columns: RULES });
  }
  const { topic, total, connections, silent } = answer;
  output.line([[`${total}`, 'bold'], ` connections would hear ${topic}`]);
  output.all(connections, { columns: columnsOf(connections) });
  if (silent.length > 0) output.line([['these nodes did not answer: ', 'yellow'], silent.join(', ')]);
}

/** A column for each field that the hub tells. */
function columnsOf([first = {}]: readonly Hearer[]): Column<Hearer>[] {
  return Object.keys(first).map((name) => ({
    title: name.toUpperCase(),
    text: ({ [name]: value }) => (typeof value === 'string' ? value : [value].flat().join(' ')),
  }));
}
