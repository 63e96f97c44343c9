import { ChevronDown, ChevronUp } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { HubError } from '@belfry/client';
import type { EventRow } from '../live/rows.ts';
import { Button } from '../ui/Button.tsx';
import type { EventFacts } from './event-facts.ts';
import { readAfter, readBefore } from './neighbours.ts';

/** Goes to the event before or after, of the same type and key. */
export function Neighbours({
  facts: { id, type, key },
  onOpen,
}: {
  readonly facts: EventFacts;
  readonly onOpen: (row: EventRow) => void;
}): ReactElement | null {
  const [said, setSaid] = useState('');
  const [isBusy, setBusy] = useState(false);
  const stop = useRef(new AbortController());
  useEffect(() => {
    setSaid('');
    const own = (stop.current = new AbortController());
    return () => own.abort();
  }, [id]);
  if (id === undefined) return null;
  const go = async (where: 'before' | 'after'): Promise<void> => {
    setBusy(true);
    const { signal } = stop.current;
    try {
      const found = await (where === 'before' ? readBefore : readAfter)(type, key, id, signal);
      if (found.row !== undefined) onOpen(found.row);
      else if (found.searchedTo === undefined) setSaid(`The log has none ${where} this one.`);
      else setSaid(`None among the next 100,000 events ${where} this one.`);
    } catch (error) {
      if (!signal.aborted) setSaid(error instanceof HubError ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="flex items-center gap-1 px-3 text-xs text-muted">
      <span>Of this key:</span>
      <Button kind="quiet" className="px-2!" disabled={isBusy} onClick={() => void go('before')}>
        <ChevronUp aria-hidden className="size-4" /> Before
      </Button>
      <Button kind="quiet" className="px-2!" disabled={isBusy} onClick={() => void go('after')}>
        <ChevronDown aria-hidden className="size-4" /> After
      </Button>
      <span role="status" className="min-w-0">
        {said}
      </span>
    </div>
  );
}
