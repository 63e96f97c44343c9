import { setTimeout as after } from 'node:timers/promises';
import { examples, hubCommand, note, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { Output } from '../output.ts';
import type { Session } from '../session.ts';

const PATH = 'api/v3/shards';
const LOOK_MS = 300;
const MAX_COUNT = 256;

interface Shards {
  readonly first: number;
  readonly count: number;
  readonly fans: Readonly<Record<string, number>>;
}

/** How a hub is divided, as it answers. */
interface Division {
  readonly shards: Shards;
  readonly next: Shards | null;
  readonly behind: readonly string[];
  readonly silent: readonly string[];
}

interface ReshardOptions extends HubOptions {
  readonly fans?: Readonly<Record<string, number>>;
}

/** `belfry reshard`: another number of shards while the hub runs. */
export const addReshard: AddCommand = (program) => {
  const command = hubCommand(program, 'reshard')
    .description(
      'Divide a running hub on Redis into another number of shards, without losing an event, and wait until all nodes deliver from them. If this command ends before, the hub goes on; the same command then waits again.',
    )
    .argument('<count>', 'into how many shards, 1 to 256', countIn)
    .option(
      '--fans <type=shards>',
      'over how many shards the keys of a type are spread; once for each type',
      addFan,
    )
    .action((count: number, options: ReshardOptions) =>
      withHub(options, (session) => reshard(session, count, options)),
    );
  examples(command, {
    'belfry reshard 12': 'twelve shards; restart the nodes with BELFRY_SHARDS=12 afterwards',
    'belfry reshard 12 --fans deploy=4': 'the keys of deploy are spread over four of them',
  });
};

async function reshard(session: Session, count: number, options: ReshardOptions): Promise<void> {
  const { fans = {} } = options;
  let division = await session.read<Division>(PATH);
  const wanted = { count, fans };
  if (!isSame(division.next ?? division.shards, wanted)) {
    const query = new URLSearchParams({ count: `${count}`, fans: JSON.stringify(fans) });
    const response = await session.ask(`${PATH}?${query.toString()}`, { method: 'POST' });
    division = (await response.json()) as Division;
  }
  let said = '';
  while (division.next !== null || division.behind.length + division.silent.length > 0) {
    const now = wordsOf(division);
    if (now !== said) note(now);
    said = now;
    await after(LOOK_MS);
    division = await session.read<Division>(PATH);
  }
  if (!isSame(division.shards, wanted))
    throw new CommandError('refused', 'The hub was divided into other shards meanwhile, by somebody else.');
  new Output(options).one(division.shards);
}

function wordsOf({ next, behind, silent }: Division): string {
  if (next !== null) return `the hub is being divided into ${next.count} shards`;
  const missing = [...behind, ...silent];
  return `the hub is divided; waiting for ${missing.join(', ')}`;
}

function isSame(a: Pick<Shards, 'count' | 'fans'>, b: Pick<Shards, 'count' | 'fans'>): boolean {
  const [its, others] = [Object.entries(a.fans), b.fans];
  const isAlike =
    its.length === Object.keys(others).length && its.every(([type, fan]) => others[type] === fan);
  return a.count === b.count && isAlike;
}

/** @throws UsageError */
function countIn(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MAX_COUNT) return count;
  throw new UsageError(`"${text}" is no number of shards. Expected 1 to ${MAX_COUNT}.`);
}

/** @throws UsageError */
function addFan(text: string, fans: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new UsageError(`"${text}" says nothing of a type. Expected --fans <type>=<shards>.`);
  return { ...fans, [text.slice(0, at)]: countIn(text.slice(at + 1)) };
}
