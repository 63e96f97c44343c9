import { bytesText, countText, plural } from '../ui/numbers.ts';
import { LATE_MS, listed, worst, type Finding, type Looked } from './finding.ts';
import { DROPS_SHOWN_MS, presentNodes, unrepairedBy, type Fleet } from './fleet.ts';
import { totalsOf } from './totals.ts';

/** What is wrong with the way of events to clients. */
export function* deliveryFindings(looked: Looked): Generator<Finding> {
  yield* late(looked.fleet);
  yield* slow(looked);
  yield* gaps(looked.fleet);
}

function* late(fleet: Fleet): Generator<Finding> {
  const present = presentNodes(fleet);
  const delivered = present.filter(({ report }) => report.lagMs > LATE_MS);
  if (delivered.length > 0)
    yield {
      id: 'lag',
      tone: 'warn',
      what: `${listed(delivered)} ${delivered.length > 1 ? 'deliver' : 'delivers'} events up to ${worst(delivered, ({ report }) => report.lagMs)} late.`,
      todo: 'The node has too much to do, or Redis is slow. Add a node, or narrow what clients subscribe to.',
      page: 'how-to/size',
    };
}

function* slow({ fleet, now }: Looked): Generator<Finding> {
  const nodes = presentNodes(fleet).filter(({ status }) => (status?.slow ?? 0) > 0);
  const { slow: clients, queued, queuedBytes } = totalsOf({ ...fleet, nodes });
  if (nodes.length > 0)
    yield {
      id: 'slow',
      tone: 'warn',
      what: `${clients === 1 ? '1 client does' : `${countText(clients)} clients do`} not keep up on ${listed(nodes)}: ${plural(queued, 'delivery', 'deliveries')} (${bytesText(queuedBytes)}) wait.`,
      todo: 'See which ones they are. Each has a bounded queue, and the others do not notice.',
      page: 'how-to/slow-clients',
      screen: { path: '/connections', title: 'Connections' },
    };
  const dropping = presentNodes(fleet).filter(
    ({ drops }) => drops !== undefined && now - drops.at < DROPS_SHOWN_MS,
  );
  const dropped = dropping.reduce((sum, { drops }) => sum + (drops?.count ?? 0), 0);
  if (dropping.length > 0)
    yield {
      id: 'dropped',
      tone: 'bad',
      what: `${listed(dropping)} dropped ${plural(dropped, 'delivery', 'deliveries')} to slow clients while this page looked.`,
      todo: 'Those clients were told of a gap, or closed, and resume from the log. Find out why they are slow.',
      page: 'how-to/slow-clients#find-the-cause',
      screen: { path: '/connections', title: 'Connections' },
    };
}

function* gaps(fleet: Fleet): Generator<Finding> {
  const nodes = presentNodes(fleet).filter(({ status }) => status !== undefined && unrepairedBy(status) > 0);
  if (nodes.length === 0) return;
  const { gapsDetected, gapsRepaired } = totalsOf({ ...fleet, nodes });
  const count = gapsDetected - gapsRepaired;
  yield {
    id: 'gaps',
    tone: 'warn',
    what: `${listed(nodes)} could not repair ${plural(count, 'gap')} in the log since the start.`,
    todo: 'The log did not reach back far enough, or Redis lost its newest entries. Clients were told by a belfry.gap event.',
    page: 'how-to/resume',
  };
}
