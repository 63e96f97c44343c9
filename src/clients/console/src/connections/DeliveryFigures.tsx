import type { ReactElement } from 'react';
import { bytesText, countText, durationText } from '../ui/numbers.ts';
import type { Connection } from './connection.ts';

/** What became of the deliveries to a connection, as its node counts them. The room is there before the numbers are. */
export function DeliveryFigures({
  deliveries,
}: {
  readonly deliveries: Connection['Deliveries'];
}): ReactElement {
  const lag = deliveries?.LaggingSince;
  const figures = [
    { name: 'Delivered', text: deliveries && countText(deliveries.Delivered), isBad: false },
    {
      name: 'Waiting',
      text: deliveries && countText(deliveries.Queued),
      more: deliveries && deliveries.Queued > 0 ? bytesText(deliveries.QueuedBytes) : undefined,
      isBad: (deliveries?.Queued ?? 0) > 0,
    },
    {
      name: 'Slow for',
      text: deliveries && (lag == null ? 'keeps up' : durationText(Date.now() - Date.parse(lag))),
      isBad: lag != null,
    },
    {
      name: 'Dropped',
      text: deliveries && countText(deliveries.Dropped),
      isBad: (deliveries?.Dropped ?? 0) > 0,
    },
  ];
  return (
    <section aria-label="Deliveries">
      <dl className="grid grid-cols-4 gap-px overflow-hidden rounded-md border border-line bg-line">
        {figures.map(({ name, text, more, isBad }) => (
          <div key={name} className="flex min-h-14 flex-col justify-center bg-panel px-2.5 py-1.5">
            <dt className="text-xs text-muted">{name}</dt>
            <dd className={`tabular-nums ${isBad ? 'font-medium text-warn' : ''}`} title={more}>
              {text ?? '…'}
            </dd>
          </div>
        ))}
      </dl>
      {deliveries === null && (
        <p className="mt-1 text-xs text-muted">Its node did not answer. It is asked again.</p>
      )}
    </section>
  );
}
