import type { ReactElement } from 'react';
import { bytesText, countText } from '../ui/numbers.ts';
import type { Totals } from './totals.ts';

/** What all nodes have together. */
export function TotalsRow({ totals }: { readonly totals: Totals }): ReactElement {
  const {
    nodes,
    connections,
    dialects,
    slow,
    queued,
    queuedBytes,
    dropped,
    gapsDetected,
    gapsRepaired,
    memoryBytes,
  } = totals;
  const figures: readonly (readonly [title: string, text: string, more: string])[] = [
    ['Nodes', countText(nodes), ''],
    [
      'Connections',
      countText(connections),
      dialects.map(([name, count]) => `${name} ${countText(count)}`).join(', ') || 'nobody is connected',
    ],
    [
      'Slow clients',
      countText(slow),
      queued === 0 ? 'nothing waits' : `${countText(queued)} deliveries wait, ${bytesText(queuedBytes)}`,
    ],
    ['Dropped', countText(dropped), 'deliveries since the start of each node'],
    [
      'Gaps',
      countText(gapsDetected),
      gapsDetected === 0 ? 'the log was never interrupted' : `${countText(gapsRepaired)} repaired`,
    ],
    ['Memory', bytesText(memoryBytes), 'of all nodes'],
  ];
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-3 xl:grid-cols-6">
      {figures.map(([title, text, more]) => (
        <div key={title} className="min-w-0 bg-panel px-3 py-2">
          <dt className="text-xs text-muted">{title}</dt>
          <dd>
            <span className="text-lg leading-6 font-semibold tabular-nums">{text}</span>
            <span className="block min-h-[1lh] text-xs text-muted tabular-nums">{more}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
