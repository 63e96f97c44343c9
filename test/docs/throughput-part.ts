import type { RecordedFigures } from '../bench/figures-recorded.ts';
import { short, whole } from '../bench/summary.ts';
import { readRecord } from '../support/record.ts';
import { madeBy } from './levels-part.ts';
import { tableOf } from './tables.ts';

const FAN_OUT = 'fan-out 1k 128B';

/** How each peer is called in a text. */
const NAMES: Readonly<Record<string, string>> = {
  belfry: 'Belfry',
  bun: 'Bun',
  'socket.io': 'Socket.IO with its Redis adapter',
  ws: 'plain `ws` loop',
};

type Figure = (figures: RecordedFigures) => string | undefined;

const most: Figure = ({ most: found }) =>
  found && whole(found.deliveriesPerS) + (found.p99 === undefined ? '' : ` (p99 ${short(found.p99)} ms)`);

const ROWS: readonly (readonly [what: string, scenario: string, figure: Figure])[] = [
  ['1 → 1,000, 128 B, here durable: most deliveries a second', FAN_OUT, most],
  [
    'the same at 100,000 a second: CPU for each',
    FAN_OUT,
    ({ fixed }) => fixed && `${short(fixed.cpuUsPerDelivery)} µs`,
  ],
  [
    'the same at 100,000 a second: p50, p99',
    FAN_OUT,
    ({ fixed }) => fixed && `${short(fixed.p50)} ms, ${short(fixed.p99)} ms`,
  ],
  ['1 → 10,000, 128 B, here durable: most deliveries a second', 'fan-out 10k 128B', most],
  ['1,000 topics of 10: most deliveries a second', '1k topics x 10', most],
  ['10,000 topics of 1: most deliveries a second', '10k own patterns', most],
  ['one event to one idle client: p50', 'one idle client', ({ fixed }) => fixed && `${short(fixed.p50)} ms`],
  [
    'memory of an idle connection, of those between 5,000 and 15,000',
    'idle 15k, own patterns',
    ({ bytesPerConnection }) =>
      bytesPerConnection === undefined ? undefined : `${short(bytesPerConnection / 1_024)} KiB`,
  ],
  [
    'new connections a second; here each has a token, a place in the registry and a subscription',
    'connect storm 5k',
    ({ connectsPerS }) => (connectsPerS === undefined ? undefined : whole(connectsPerS)),
  ],
];

/** What one core does, beside peers. */
export function throughputPart(): string {
  const recorded = readRecord<RecordedFigures[]>('throughput');
  const peers = Object.keys(NAMES).filter((peer) => recorded.figures.some((each) => each.peer === peer));
  const rows = ROWS.map(([what, scenario, figure]) => [
    what,
    ...peers.map((peer) => {
      const found = recorded.figures.find((each) => each.scenario === scenario && each.peer === peer);
      return (found && figure(found)) ?? '–';
    }),
  ]);
  return `${madeBy(recorded)}\n\n${tableOf(['', ...peers.map((peer) => NAMES[peer] ?? peer)], rows)}`;
}

/** What README.md says of the speed, beside the peers that were installed where it was measured. */
export function fastPart(): string {
  const { figures } = readRecord<RecordedFigures[]>('throughput');
  const rates = new Map(
    figures.flatMap(({ scenario, peer, most: found }) =>
      scenario === FAN_OUT && found !== undefined ? [[peer, found.deliveriesPerS] as const] : [],
    ),
  );
  const ours = rates.get('belfry');
  if (ours === undefined) throw new Error(`The record "throughput" lacks "${FAN_OUT}" of belfry.`);
  const ratios = Object.entries(NAMES).flatMap(([peer, name]) => {
    const theirs = peer === 'belfry' ? undefined : rates.get(peer);
    return theirs === undefined ? [] : [`${short(ours / theirs)} x ${name}`];
  });
  return (
    `- **Fast**: ${(ours / 1e6).toFixed(1)} million deliveries a second to 1,000 clients on one core: ${ratios.join(', ')}. ` +
    `\`npm run bench -- '${FAN_OUT}'\` measures it; [what one core does](src/docs/how-to/size.md#what-one-core-does), ` +
    '[how fast, and what after a fault](src/docs/reference/service-levels.md).'
  );
}
