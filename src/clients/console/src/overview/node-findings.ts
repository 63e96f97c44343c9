import { clockText } from '../ui/clock.ts';
import { countText } from '../ui/numbers.ts';
import { by, listed, named, type Finding } from './finding.ts';
import { presentNodes, type Fleet, type FleetNode } from './fleet.ts';

/** What is wrong with nodes, and between them. */
export function* nodeFindings(fleet: Fleet): Generator<Finding> {
  yield* notReady(fleet);
  yield* silent(fleet);
  yield* differences(fleet);
  yield* gone(fleet);
}

function* notReady(fleet: Fleet): Generator<Finding> {
  const nodes = presentNodes(fleet).filter(({ report }) => !report.ready);
  const [leaving, deaf] = [true, false].map((healthy) =>
    nodes.filter(({ status }) => (status?.healthy ?? false) === healthy),
  ) as [FleetNode[], FleetNode[]];
  if (deaf.length > 0)
    yield {
      id: 'deaf',
      tone: 'bad',
      what: `${named(deaf)} not ready: events do not reach ${deaf.length > 1 ? 'them' : 'it'} through Redis.`,
      todo: 'Look at Redis and at the log of the node. Do not kill the node for it: it keeps its connections, and goes on by itself.',
      page: 'how-to/monitor',
    };
  if (leaving.length > 0)
    yield {
      id: 'leaving',
      tone: 'warn',
      what: `${named(leaving)} being stopped, and takes no new connections.`,
      todo: 'Its clients move to the other nodes. It ends by itself.',
      page: 'how-to/stop',
    };
}

function* silent(fleet: Fleet): Generator<Finding> {
  const nodes = presentNodes(fleet).filter(({ isSilent }) => isSilent);
  if (nodes.length === 0) return;
  yield {
    id: 'silent',
    tone: 'bad',
    what: `${named(nodes)} silent: no answer came within two seconds.`,
    todo: 'It hangs, is overloaded, or was just killed. If it is gone, it leaves this list by itself within ten seconds, and clients go on at the others.',
    page: 'how-to/monitor',
  };
}

function* differences(fleet: Fleet): Generator<Finding> {
  const present = presentNodes(fleet);
  const versions = [...by(present, ({ report }) => report.version)];
  if (versions.length > 1)
    yield {
      id: 'versions',
      tone: 'warn',
      what: `The nodes have different versions: ${versions.map(([version, nodes]) => `${version} on ${listed(nodes)}`).join('; ')}.`,
      todo: 'That is well during an upgrade. Finish it.',
      page: 'how-to/upgrade',
    };
  const warnings = [
    ...by(
      present.flatMap((node) => node.report.warnings.map((text) => ({ node, text }))),
      ({ text }) => text,
    ),
  ];
  const isOfSettings = ([text]: (typeof warnings)[number]): boolean => text.includes('is different on');
  if (by(present, ({ report }) => report.digest).size > 1)
    yield {
      id: 'settings',
      tone: 'warn',
      what: `The nodes have different settings${differing(warnings.filter(isOfSettings).map(([text]) => text))}.`,
      todo: 'Give all nodes of one Redis the same settings. Else what a client may do depends on the node that it meets.',
      page: 'how-to/upgrade#settings-of-several-nodes',
    };
  for (const warning of warnings.filter((each) => !isOfSettings(each)))
    yield {
      id: `warning ${warning[0]}`,
      tone: 'warn',
      what: warning[0],
      todo: `Said by ${listed(warning[1].map(({ node }) => node))}.`,
      page: warning[0].includes('maxmemory')
        ? 'how-to/run-redis'
        : 'how-to/upgrade#settings-of-several-nodes',
    };
}

/** The names of the settings that differ, as far as the nodes have compared them. */
function differing(warnings: readonly string[]): string {
  const names = [...new Set(warnings.map((text) => text.split(' ', 1)[0] ?? ''))].toSorted();
  return names.length === 0 ? '' : `: ${names.join(', ')}`;
}

function* gone({ nodes }: Fleet): Generator<Finding> {
  for (const { id, report, goneAt } of nodes)
    if (goneAt !== undefined)
      yield {
        id: `gone ${id}`,
        tone: 'warn',
        what: `${report.name} is gone since ${clockText(new Date(goneAt).toISOString())}. It had ${countText(report.connections)} connections.`,
        todo: 'If nobody stopped it, read the end of its log. Its clients go on at the other nodes.',
        page: 'how-to/stop',
      };
}
