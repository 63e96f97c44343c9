import { bytesText, countText, durationText, millisecondsText, rateText } from '../ui/numbers.ts';
import { droppedBy, unrepairedBy, type FleetNode } from './fleet.ts';

/** One figure of a node, with a second line that explains it. */
export interface NodeFact {
  readonly title: string;
  /** What the figure means, where the title does not say all. */
  readonly hint?: string;
  readonly text: string;
  readonly more?: string;
  /** The exact value, where the text is rounded. */
  readonly exact?: string;
  readonly tone?: 'bad' | 'warn';
}

const UNKNOWN = '–';

/** The figures of a node, in the order of the columns. What it has never answered is a dash. */
export function factsOf({ report, status }: FleetNode): readonly NodeFact[] {
  const dialects = Object.entries(status?.connections ?? {}).toSorted(
    ([a, m], [b, n]) => n - m || (a < b ? -1 : 1),
  );
  const known = (text: (of: NonNullable<typeof status>) => string): string =>
    status === undefined ? UNKNOWN : text(status);
  return [
    {
      title: 'Connections',
      text: countText(report.connections),
      more: dialects.map(([name, count]) => `${name} ${countText(count)}`).join(', '),
    },
    {
      title: 'Events in',
      hint: 'Events that it heard in the last five seconds',
      text: rateText(report.eventsPerSecond),
    },
    {
      title: 'Deliveries out',
      hint: 'Deliveries that it wrote in the last five seconds',
      text: rateText(report.deliveriesPerSecond),
    },
    {
      title: 'p99',
      hint: 'How late 99 of 100 flushes ended at most, from the log to the last write, and the latest one',
      text: millisecondsText(report.p99Ms),
      more: `longest ${millisecondsText(report.lagMs)}`,
    },
    {
      title: 'Slow clients',
      hint: 'Clients that do not keep up now, and what waits for them',
      text: known(({ slow }) => countText(slow)),
      more: known(({ queued, queuedBytes }) =>
        queued === 0 ? 'nothing waits' : `${countText(queued)} wait, ${bytesText(queuedBytes)}`,
      ),
      ...((status?.slow ?? 0) > 0 && { tone: 'warn' as const }),
    },
    {
      title: 'Dropped',
      hint: 'Deliveries to slow clients that were dropped since its start',
      text: known((of) => countText(droppedBy(of))),
    },
    redisFact(status),
    {
      title: 'Gaps',
      hint: 'How often its view of the log was interrupted since its start, and how often nothing was missing after that',
      text: known(({ gapsDetected }) => countText(gapsDetected)),
      more: known(({ gapsDetected, gapsRepaired }) =>
        gapsDetected === 0 ? 'none' : `${countText(gapsRepaired)} repaired`,
      ),
      ...(status !== undefined && unrepairedBy(status) > 0 && { tone: 'warn' as const }),
    },
    {
      title: 'Memory',
      text: known(({ memoryBytes }) => bytesText(memoryBytes)),
      ...(status !== undefined && { exact: `${countText(status.memoryBytes)} bytes` }),
    },
  ];
}

function redisFact(status: FleetNode['status']): NodeFact {
  const fact = {
    title: 'Redis',
    hint: 'How long its last probe through Redis took, and the version of Redis',
  };
  if (status === undefined) return { ...fact, text: UNKNOWN };
  const { healthy, probeMs, redisVersion, refusing } = status;
  if (refusing !== null) return { ...fact, text: 'refuses', more: refusing, tone: 'bad' };
  if (!healthy) return { ...fact, text: 'no proof', more: 'events do not flow', tone: 'bad' };
  if (redisVersion === null) return { ...fact, text: 'none', more: 'this node is alone' };
  return { ...fact, text: millisecondsText(probeMs), more: `version ${redisVersion}` };
}

/** How long a node has been running. */
export function upFor({ report }: FleetNode, now: number): string {
  return durationText(now - Date.parse(report.since));
}
