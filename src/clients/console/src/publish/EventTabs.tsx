import { ChevronLeft, ChevronRight, Plus, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';

export interface EventTabsProps {
  readonly count: number;
  readonly index: number;
  readonly max: number;
  readonly onIndex: (index: number) => void;
  readonly onAdd: () => void;
  readonly onRemove: () => void;
}

/** Which event of the list the form shows, and one more or one less. */
export function EventTabs({ count, index, max, onIndex, onAdd, onRemove }: EventTabsProps): ReactElement {
  return (
    <div className="flex min-h-8 items-center gap-1" role="group" aria-label="Events of the list">
      {count > 1 && (
        <>
          <Button
            kind="quiet"
            className="w-8 px-0!"
            aria-label="The event before"
            disabled={index === 0}
            onClick={() => onIndex(index - 1)}
          >
            <ChevronLeft aria-hidden className="size-4" />
          </Button>
          <span className="tabular-nums">
            Event {index + 1} of {count}
          </span>
          <Button
            kind="quiet"
            className="w-8 px-0!"
            aria-label="The next event"
            disabled={index >= count - 1}
            onClick={() => onIndex(index + 1)}
          >
            <ChevronRight aria-hidden className="size-4" />
          </Button>
          <Button
            kind="quiet"
            className="w-8 px-0!"
            aria-label="Remove this event"
            title="Remove this event"
            onClick={onRemove}
          >
            <Trash2 aria-hidden className="size-4" />
          </Button>
        </>
      )}
      <Button
        kind="quiet"
        disabled={count >= max}
        title={
          count >= max ? `A list holds at most ${max} events` : 'All events of a list are accepted, or none'
        }
        onClick={onAdd}
      >
        <Plus aria-hidden className="size-4" />
        Add an event
      </Button>
    </div>
  );
}
