import { setTimeout as pause } from 'node:timers/promises';
import {
  examples,
  hubCommand,
  note,
  untilStopped,
  wholeNumber,
  withHub,
  type AddCommand,
  type HubOptions,
} from '../command.ts';
import { durationOption } from '../duration.ts';
import { HubError } from '../../sdk/errors.ts';
import type { NodeReport } from '../node-report.ts';
import { Output, type Column } from '../output.ts';
import type { Session } from '../session.ts';

interface TopOptions extends HubOptions {
  readonly interval: number;
  readonly count?: number;
}

interface Topic {
  readonly type: string;
  readonly action: string;
  readonly events: number;
  readonly perSecond: number;
  readonly lastSeen: string;
}

interface Listening {
  readonly RemoteAddr: string;
  readonly Principal: string;
  readonly Dialect: string;
  readonly Node: string;
  readonly Deliveries?: Deliveries | null;
}

interface Deliveries {
  readonly Dropped: number;
  readonly Queued: number;
  readonly QueuedBytes: number;
  readonly LaggingSince: string | null;
}

type Slow = Listening & { readonly Deliveries: Deliveries };

/** What the hub does at one moment. A list that the token does not permit is `null`. */
interface Snapshot {
  readonly time: string;
  readonly nodes: readonly NodeReport[] | null;
  /** The topics with the highest rates first. */
  readonly topics: readonly Topic[] | null;
  /** Connections that are slow, or that lost events since they were, the largest queue first. */
  readonly slow: readonly Slow[] | null;
}

const TOPICS_SHOWN = 10;
const SLOW_SHOWN = 10;
/** As many as the hub puts into one page. */
const PAGE = 1_000;
/** Moves to the upper left corner, and clears what is below. */
const CLEAR = '\u001B[H\u001B[J';

const NODES: readonly Column<NodeReport>[] = [
  { title: 'NODE', text: ({ name }) => name },
  { title: 'VERSION', text: ({ version }) => version },
  { title: 'CONNECTIONS', text: ({ connections }) => `${connections}` },
  { title: 'EVENTS/S', text: ({ eventsPerSecond }) => `${eventsPerSecond}` },
  { title: 'DELIVERIES/S', text: ({ deliveriesPerSecond }) => `${deliveriesPerSecond}` },
  { title: 'LAG', text: ({ lagMs }) => `${lagMs} ms` },
  { title: 'STATE', text: ({ ready, warnings }) => [ready ? 'ready' : 'not ready', ...warnings].join('; ') },
];
const TOPICS: readonly Column<Topic>[] = [
  { title: 'TOPIC', text: ({ type, action }) => `${type}.${action}.*` },
  { title: 'EVENTS/S', text: ({ perSecond }) => `${perSecond}` },
  { title: 'EVENTS', text: ({ events }) => `${events}` },
  { title: 'LAST', text: ({ lastSeen }) => lastSeen },
];
const SLOW: readonly Column<Slow>[] = [
  { title: 'SLOW', text: ({ RemoteAddr }) => RemoteAddr },
  { title: 'PRINCIPAL', text: ({ Principal }) => Principal },
  { title: 'NODE', text: ({ Node }) => Node },
  { title: 'QUEUED', text: ({ Deliveries: { Queued } }) => `${Queued}` },
  { title: 'DROPPED', text: ({ Deliveries: { Dropped } }) => `${Dropped}` },
  { title: 'SINCE', text: ({ Deliveries: { LaggingSince } }) => LaggingSince ?? '-' },
];

/** `belfry top`: what the hub does now. */
export const addTop: AddCommand = (program) => {
  const command = hubCommand(program, 'top')
    .description(
      'Show nodes, the busiest topics and slow connections. A terminal is drawn anew until it is ended; elsewhere it prints once.',
    )
    .addOption(durationOption('--interval <time>', 'how often', '2s'))
    .option('-n, --count <times>', 'end after so many times', wholeNumber)
    .action((options: TopOptions) => withHub(options, (session) => top(session, options)));
  examples(command, {
    'belfry top': 'on a terminal, like top',
    'belfry top --count 60 --interval 1s --output jsonl': 'a minute, for a program',
  });
};

async function top(session: Session, { interval, count, ...options }: TopOptions): Promise<void> {
  const output = new Output(options);
  const signal = untilStopped();
  const isDrawn = output.format === 'table' && output.isTerminal;
  const times = count ?? (isDrawn ? Infinity : 1);
  const rows = output.format === 'table' ? undefined : output.rows<Snapshot>({});
  for (let i = 1; !signal.aborted; i++) {
    const snapshot = await snapshotOf(session, isDrawn && i > 1);
    if (snapshot !== undefined) {
      if (rows !== undefined) rows.print(snapshot);
      else {
        if (isDrawn) process.stdout.write(CLEAR);
        draw(snapshot, output);
      }
    }
    if (i >= times) break;
    // It rejects only when somebody ends the command.
    await pause(interval, undefined, { signal }).catch(() => undefined);
  }
  rows?.end();
}

/** While somebody looks, a hub that is away for a moment is waited for. */
async function snapshotOf(session: Session, isWaiting: boolean): Promise<Snapshot | undefined> {
  try {
    const [nodes, topics, connections] = await Promise.all([
      permitted(session.read<readonly NodeReport[]>('api/v3/nodes')),
      permitted(session.read<readonly Topic[]>('api/v3/topics')),
      permitted(session.read<readonly Listening[]>(`api/v3/connections?detail=deliveries&limit=${PAGE}`)),
    ]);
    return {
      time: new Date().toISOString(),
      nodes,
      topics: topics && topics.toSorted((a, b) => b.perSecond - a.perSecond).slice(0, TOPICS_SHOWN),
      slow: connections && connections.filter(isSlow).toSorted(byQueue).slice(0, SLOW_SHOWN),
    };
  } catch (error) {
    if (!isWaiting || !(error instanceof HubError)) throw error;
    note(error.message);
    return undefined;
  }
}

async function permitted<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof HubError && error.code === 'forbidden') return null;
    throw error;
  }
}

function isSlow(connection: Listening): connection is Slow {
  const { Deliveries: deliveries } = connection;
  return deliveries != null && (deliveries.LaggingSince !== null || deliveries.Dropped > 0);
}

function byQueue(a: Slow, b: Slow): number {
  return b.Deliveries.Queued - a.Deliveries.Queued || b.Deliveries.Dropped - a.Deliveries.Dropped;
}

function draw({ time, nodes, topics, slow }: Snapshot, output: Output): void {
  output.line([[time, 'dim']]);
  part(output, 'nodes', nodes, NODES);
  output.line([]);
  part(output, 'topics', topics, TOPICS);
  output.line([]);
  part(output, 'slow connections', slow, SLOW);
}

function part<T>(
  output: Output,
  name: string,
  rows: readonly T[] | null,
  columns: readonly Column<T>[],
): void {
  if (rows === null) output.line([[`The token does not permit to see ${name}.`, 'dim']]);
  else if (rows.length === 0) output.line([[`no ${name}`, 'dim']]);
  else output.all(rows, { columns });
}
