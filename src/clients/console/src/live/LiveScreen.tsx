import { useEvents } from '@belfry/client/react';
import type { ReactElement } from 'react';
import { Badge } from '../ui/Badge.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Screen } from '../ui/Screen.tsx';
import { Time } from '../ui/Time.tsx';

export default function LiveScreen(): ReactElement {
  const { events } = useEvents('*.*.*');
  return (
    <Screen title="Live">
      {events.length === 0 && <Empty title="No event has come yet">Publish one, and it appears here.</Empty>}
      {events.map((event, index) => (
        <div key={event.id ?? index} className="flex items-center gap-3 border-b border-line px-4 py-1">
          <Time at={event.time} className="text-muted" />
          <Badge>{event.type}</Badge>
          <span className="min-w-0 flex-1 truncate font-mono">{`${event.action}.${event.key}`}</span>
          <CopyButton text={event.text} label="Copy the event" />
        </div>
      ))}
    </Screen>
  );
}
