import { escapeValue } from '../../../../model/exact-pattern.ts';

/** A topic as `GET /api/v3/topics?detail=flow` tells of it. */
export interface FlowTopic {
  readonly type: string;
  readonly action: string;
  readonly perSecond: number;
  /** `null` where none of the latest events was of it. */
  readonly flow?: {
    readonly sampled: number;
    readonly publishers: readonly { readonly principal: string; readonly perSecond: number }[];
    readonly otherPublishersPerSecond: number;
    readonly deliveries: readonly {
      readonly node: string | null;
      readonly dialect: string;
      readonly perSecond: number;
    }[];
  } | null;
}

export const COLUMNS = ['publisher', 'type', 'dialect', 'node'] as const;
export type Column = (typeof COLUMNS)[number];

/** A box of the diagram. */
export interface Vertex {
  readonly id: string;
  readonly column: Column;
  /** `undefined` for all that are not named. */
  readonly name: string | undefined;
  /** Events a second that come in from the left, and events or deliveries that go out to the right. */
  readonly incoming: number;
  readonly outgoing: number;
}

/** Events a second from a publisher to a type, or deliveries a second from a type to a dialect, and on to a node. */
export interface Band {
  readonly id: string;
  readonly from: Vertex;
  readonly to: Vertex;
  readonly perSecond: number;
}

export interface FlowGraph {
  /** In the order of {@link COLUMNS}, each from top to bottom. */
  readonly columns: readonly (readonly Vertex[])[];
  readonly bands: readonly Band[];
  /** How many of the latest events it stands on. */
  readonly sampled: number;
  /** Types of which none of the latest events was. */
  readonly rare: readonly string[];
}

/** How many boxes of a column have names of their own. */
const NAMED_MAX = 12;
/** A box that was shown stays until another one is larger by this factor. */
const STAYS = 1.5;
/** Fewer events a second are not shown: about one in the last minute, which ended a while ago. */
const LEAST_PER_SECOND = 0.005;

type Rates = Map<string, number>;

/** Makes the graphs of one page. What was shown keeps its place, so that nothing jumps. */
export class FlowGraphs {
  readonly #shown: Readonly<Record<Column, string[]>> = { publisher: [], type: [], dialect: [], node: [] };

  graphOf(topics: readonly FlowTopic[]): FlowGraph {
    const heard = topics.filter(({ perSecond }) => perSecond >= LEAST_PER_SECOND);
    const links = heard.flatMap(linksOf);
    const types: Rates = new Map();
    for (const { type, perSecond } of heard) raise(types, type, perSecond);
    const rates: Readonly<Record<Column, Rates>> = {
      publisher: ratesOf(links, 'publisher', 'from'),
      type: types,
      dialect: ratesOf(links, 'dialect', 'to'),
      node: ratesOf(links, 'node', 'to'),
    };
    const named = Object.fromEntries(
      COLUMNS.map((column) => [column, new Set(this.#named(column, rates[column]))]),
    ) as Record<Column, Set<string>>;
    return joined(links, { named, types, order: this.#shown, topics: heard });
  }

  /** The names of a column that are shown, in their order. */
  #named(column: Column, rates: Rates): readonly string[] {
    rates.delete('');
    const before = this.#shown[column];
    const weight = (name: string): number => (rates.get(name) ?? 0) * (before.includes(name) ? STAYS : 1);
    const largest = [...rates.keys()]
      .toSorted((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))
      .slice(0, NAMED_MAX);
    const named = [
      ...before.filter((name) => largest.includes(name)),
      ...largest.filter((name) => !before.includes(name)),
    ];
    this.#shown[column].splice(0, Infinity, ...named);
    return named;
  }
}

/** The end of a link; without a name it is one of those that are not named. */
interface End {
  readonly column: Column;
  readonly name: string;
}

interface Link {
  readonly from: End;
  readonly to: End;
  readonly perSecond: number;
}

function linksOf({ type, flow }: FlowTopic): Link[] {
  if (flow === undefined || flow === null) return [];
  const ofType = endOf('type', type);
  return [
    ...flow.publishers.map(({ principal, perSecond }) => ({
      from: endOf('publisher', principal),
      to: ofType,
      perSecond,
    })),
    { from: endOf('publisher', ''), to: ofType, perSecond: flow.otherPublishersPerSecond },
    ...flow.deliveries.flatMap(({ node, dialect, perSecond }) => [
      { from: ofType, to: endOf('dialect', dialect), perSecond },
      {
        from: endOf('dialect', dialect),
        to: endOf('node', node ?? ''),
        perSecond,
      },
    ]),
  ].filter(({ perSecond }) => perSecond > 0);
}

function endOf(column: Column, name: string): End {
  return { column, name };
}

interface Joining {
  readonly named: Readonly<Record<Column, ReadonlySet<string>>>;
  readonly types: Rates;
  readonly order: Readonly<Record<Column, readonly string[]>>;
  readonly topics: readonly FlowTopic[];
}

function joined(links: readonly Link[], { named, types, order, topics }: Joining): FlowGraph {
  const idOf = ({ column, name }: End): string => `${column} ${named[column].has(name) ? name : ''}`;
  const sums = new Map<string, { from: string; to: string; perSecond: number }>();
  const [incoming, outgoing]: [Rates, Rates] = [new Map(), new Map()];
  for (const [type, perSecond] of types) raise(incoming, idOf({ column: 'type', name: type }), perSecond);
  for (const { from, to, perSecond } of links) {
    const [a, b] = [idOf(from), idOf(to)];
    const id = JSON.stringify([a, b]);
    sums.set(id, { from: a, to: b, perSecond: (sums.get(id)?.perSecond ?? 0) + perSecond });
    raise(outgoing, a, perSecond);
    if (to.column !== 'type') raise(incoming, b, perSecond);
  }
  const columns = COLUMNS.map((column) =>
    [...order[column], '']
      .map((name): Vertex => {
        const id = `${column} ${name}`;
        const [into, out] = [incoming.get(id) ?? 0, outgoing.get(id) ?? 0];
        return { id, column, name: name === '' ? undefined : name, incoming: into, outgoing: out };
      })
      .filter(({ incoming: into, outgoing: out }) => into > 0 || out > 0),
  );
  const vertices = new Map(columns.flat().map((vertex) => [vertex.id, vertex]));
  const place = new Map([...vertices.keys()].map((id, index) => [id, index]));
  const bands = Array.from(sums, ([id, { from, to, perSecond }]) => ({
    id,
    from: vertices.get(from),
    to: vertices.get(to),
    perSecond,
  }))
    .filter((band): band is Band => band.from !== undefined && band.to !== undefined)
    .toSorted(
      (a, b) =>
        (place.get(a.from.id) ?? 0) - (place.get(b.from.id) ?? 0) ||
        (place.get(a.to.id) ?? 0) - (place.get(b.to.id) ?? 0),
    );
  const told = new Set(topics.flatMap(({ type, flow }) => (flow ? [type] : [])));
  return {
    columns,
    bands,
    sampled: topics.reduce((sum, { flow }) => sum + (flow?.sampled ?? 0), 0),
    rare: [...types.keys()].filter((type) => !told.has(type)).toSorted(),
  };
}

/** What the vertex is called. */
export function labelOf({ column, name }: Pick<Vertex, 'column' | 'name'>): string {
  if (name === undefined) return column === 'node' ? 'other nodes' : `other ${column}s`;
  return column === 'publisher' && name === 'unknown' ? 'not said' : name;
}

/** The pattern of all events of a type. */
export function patternOfType(type: string): string {
  return `${escapeValue(type)}.*.*`;
}

/** How much each box at one end of the links has. */
function ratesOf(links: readonly Link[], column: Column, end: 'from' | 'to'): Rates {
  const rates: Rates = new Map();
  for (const link of links) if (link[end].column === column) raise(rates, link[end].name, link.perSecond);
  return rates;
}

function raise(rates: Rates, name: string, by: number): void {
  rates.set(name, (rates.get(name) ?? 0) + by);
}
