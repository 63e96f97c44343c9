import { describe, expect, it } from 'vitest';
import {
  FlowGraphs,
  patternOfType,
  type FlowGraph,
  type FlowTopic,
} from '../../../src/clients/console/src/flow/flow-graph.ts';
import { layoutOf } from '../../../src/clients/console/src/flow/flow-layout.ts';
import { bandText, vertexText } from '../../../src/clients/console/src/flow/flow-text.ts';

type Rates = Readonly<Record<string, number>>;

/** A topic that these publish, and that these nodes deliver to connections of the dialect native. */
function aTopic(
  name: string,
  perSecond: number,
  publishers: Rates,
  nodes: Rates = {},
  others = 0,
): FlowTopic {
  const [type = '', action = ''] = name.split('.');
  return {
    type,
    action,
    perSecond,
    flow: {
      sampled: 10,
      publishers: Object.entries(publishers).map(([principal, rate]) => ({ principal, perSecond: rate })),
      otherPublishersPerSecond: others,
      deliveries: Object.entries(nodes).map(([node, rate]) => ({
        node: node === '' ? null : node,
        dialect: 'native',
        perSecond: rate,
      })),
    },
  };
}

const names = ({ columns }: FlowGraph): (string | undefined)[][] =>
  columns.map((column) => column.map(({ name }) => name));
const graphOf = (...topics: readonly FlowTopic[]): FlowGraph => new FlowGraphs().graphOf(topics);

describe('the graph of what flows', () => {
  const TWO = [
    aTopic('deploy.step', 8, { 'user:ada': 6, 'user:eve': 2 }, { n1: 80, n2: 40 }),
    aTopic('deploy.begin', 2, { 'user:ada': 2 }, { n1: 20 }),
    aTopic('logs.line', 30, { unknown: 30 }),
  ];

  it('joins the topics of a type, and goes from publishers over types and dialects to nodes', () => {
    const graph = graphOf(...TWO);
    expect(names(graph)).toEqual([
      ['unknown', 'user:ada', 'user:eve'],
      ['logs', 'deploy'],
      ['native'],
      ['n1', 'n2'],
    ]);
    expect(graph.bands.map(bandText)).toEqual([
      'not said → logs: events 30/s',
      'user:ada → deploy: events 8/s',
      'user:eve → deploy: events 2/s',
      'deploy → native: deliveries 140/s',
      'native → n1: deliveries 100/s',
      'native → n2: deliveries 40/s',
    ]);
    expect(graph.columns.flat().map(vertexText)).toContain('deploy: events 10/s, deliveries 140/s');
    expect(graph.sampled).toBe(30);
  });

  it('keeps the order of what is shown, and puts what is new below it', () => {
    const graphs = new FlowGraphs();
    graphs.graphOf([aTopic('a.x', 5, { p: 5 }), aTopic('b.x', 4, { p: 4 })]);
    const later = graphs.graphOf([
      aTopic('c.x', 50, { q: 50 }),
      aTopic('b.x', 9, { p: 9 }),
      aTopic('a.x', 5, { p: 5 }),
    ]);
    expect(names(later).slice(0, 2)).toEqual([
      ['p', 'q'],
      ['a', 'b', 'c'],
    ]);
  });

  it('names twelve of each column, and takes the others together, without losing any of the flow', () => {
    const topics = Array.from({ length: 20 }, (_, i) =>
      aTopic(`t${i}.x`, 20 - i, { [`user:${i}`]: 20 - i }, { [`n${i}`]: 1 }),
    );
    const graph = graphOf(...topics);
    expect(names(graph).map((column) => column.length)).toEqual([13, 13, 1, 13]);
    expect(names(graph).map((column) => column.at(-1))).toEqual([undefined, undefined, 'native', undefined]);
    const published = graph.bands.filter(({ from }) => from.column === 'publisher');
    expect(published.reduce((sum, { perSecond }) => sum + perSecond, 0)).toBe(210);
  });

  it('does not change what is named for a small difference, but for a large one', () => {
    const graphs = new FlowGraphs();
    const topics = (last: number) =>
      Array.from({ length: 13 }, (_, i) => aTopic(`t${i}.x`, i === 12 ? last : 10, { p: 1 }));
    const isNamed = (last: number): boolean =>
      names(graphs.graphOf(topics(last)))[1]?.includes('t12') === true;
    expect([9, 14, 16].map(isNamed)).toEqual([false, false, true]);
  });

  it('leaves out what ended a while ago, and tells which types are not among the latest events', () => {
    const graph = graphOf(aTopic('old.x', 0.004, { p: 0.004 }), {
      type: 'rare',
      action: 'x',
      perSecond: 0.1,
      flow: null,
    });
    expect([names(graph)[1], graph.rare]).toEqual([['rare'], ['rare']]);
  });

  it('takes publishers and nodes that are not told together with those that are not named', () => {
    const graph = graphOf(aTopic('a.x', 5, { p: 3 }, { '': 7 }, 2));
    expect(graph.bands.map(bandText)).toEqual([
      'p → a: events 3/s',
      'other publishers → a: events 2/s',
      'a → native: deliveries 7/s',
      'native → other nodes: deliveries 7/s',
    ]);
  });

  it('leads to live events of exactly that type', () => {
    expect(patternOfType('a.b,c*')).toBe(String.raw`a\1b\2c\3.*.*`);
  });
});

describe('the layout of what flows', () => {
  const WIDTH = 1_000;
  const layout = layoutOf(
    graphOf(
      aTopic('a.x', 300, { p: 200, q: 100 }, { n1: 30_000, n2: 10_000 }),
      aTopic('b.x', 0.1, { q: 0.1 }),
      aTopic('c.x', 10, { r: 10 }, { n2: 1 }),
    ),
    WIDTH,
  );

  it('puts the columns over the whole width, without overlaps, and in a height that does not depend on the rates', () => {
    const columns = Map.groupBy(layout.boxes, ({ x }) => x);
    expect([...columns.keys()]).toEqual([0, 330, 660, 990]);
    for (const column of columns.values())
      for (const [i, box] of column.entries())
        expect(box.y).toBeGreaterThanOrEqual(
          i === 0 ? 0 : (column[i - 1]?.y ?? 0) + (column[i - 1]?.height ?? 0) + 10,
        );
    const graph = graphOf(
      aTopic('a.x', 0.3, { p: 0.2, q: 0.1 }),
      aTopic('b.x', 3, { q: 3 }),
      aTopic('c.x', 1, { r: 1 }),
    );
    expect(layoutOf(graph, WIDTH).height).toBeCloseTo(layout.height, 5);
  });

  it('makes bands as wide as what flows, at least a pixel, and within their boxes', () => {
    const width = (text: string): number =>
      layout.curves.find(({ band }) => bandText(band).startsWith(text))?.width ?? 0;
    expect(width('p → a') / width('q → a')).toBeCloseTo(2, 5);
    expect(width('native → n1') / width('native → n2')).toBeCloseTo(30_000 / 10_001, 5);
    expect(width('q → b')).toBe(1);
    for (const { band, width: used } of layout.curves)
      for (const { id } of [band.from, band.to])
        expect(layout.boxes.find(({ vertex }) => vertex.id === id)?.height).toBeGreaterThanOrEqual(used);
  });

  it('is drawn where nobody hears anything', () => {
    const { boxes, curves } = layoutOf(graphOf(aTopic('a.x', 3, { p: 3 })), WIDTH);
    expect([boxes.length, curves.length, curves.every(({ path }) => !path.includes('NaN'))]).toEqual([
      2,
      1,
      true,
    ]);
  });
});
