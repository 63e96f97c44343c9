import { useInfiniteQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { useState, type ReactElement, type RefObject } from 'react';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { INPUT } from '../ui/Field.tsx';
import { Time } from '../ui/Time.tsx';
import { useSettled } from '../ui/use-settled.ts';
import { visibleText } from '../ui/visible-text.ts';
import { askEvents } from './ask.ts';
import { readSearch } from './event-search.ts';
import { Panel } from './Panel.tsx';

export interface EventPickerProps {
  readonly onEvent: (id: string) => void;
  readonly onTopic: (topic: string) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

/** Offers the newest events of the log, and finds others by pattern, text or id. */
export function EventPicker({ onEvent, onTopic, input }: EventPickerProps): ReactElement {
  const [written, write] = useState('');
  const search = readSearch(useSettled(written));
  const pages = useInfiniteQuery({
    queryKey: ['why', 'events', search],
    queryFn: ({ pageParam, signal }) => askEvents(search, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ earlier }) => earlier,
    placeholderData: (before) => before,
    gcTime: 0,
  });
  const events = (pages.data?.pages ?? []).flatMap((page) => page.events.toReversed());
  return (
    <Panel
      title="Which event?"
      className="h-[26rem] lg:h-auto lg:min-h-0 lg:flex-1"
      tools={
        <Button
          kind="quiet"
          className="w-8 px-0!"
          aria-label="Look for newer events"
          title="Look for newer events"
          onClick={() => void pages.refetch()}
        >
          <RotateCw aria-hidden className={`size-4 ${pages.isFetching ? 'animate-spin' : ''}`} />
        </Button>
      }
    >
      <div className="flex gap-2 p-2">
        <input
          ref={input}
          type="search"
          aria-label="Find an event"
          placeholder="A text, deploy.*.shop, or an id"
          spellCheck={false}
          autoComplete="off"
          className={`${INPUT} font-mono text-[13px]`}
          value={written}
          onChange={({ target }) => write(target.value)}
        />
        {search.kind === 'pattern' && search.isTopic && (
          <Button onClick={() => onTopic(search.pattern)}>Who hears it?</Button>
        )}
      </div>
      {pages.error !== null && <ErrorNote error={pages.error} retry={() => void pages.refetch()} />}
      <ul className="min-h-0 flex-1 overflow-auto" aria-label="Events">
        {events.map(({ id, time, type, action, key }) => (
          <li key={id}>
            <button
              type="button"
              className="flex w-full items-center gap-3 border-t border-line px-4 py-1.5 text-left hover:bg-raised"
              onClick={() => onEvent(id)}
            >
              <Time at={time} className="text-xs text-muted" />
              <Badge>{type}</Badge>
              <bdi className="min-w-0 flex-1 truncate font-mono text-[13px]">
                {visibleText(`${action}.${key}`, 200)}
              </bdi>
            </button>
          </li>
        ))}
        {pages.hasNextPage && (
          <li className="flex justify-center border-t border-line p-2">
            <Button disabled={pages.isFetching} onClick={() => void pages.fetchNextPage()}>
              {pages.isFetching ? 'Looking …' : 'Look further back'}
            </Button>
          </li>
        )}
      </ul>
      {pages.isSuccess && events.length === 0 && !pages.hasNextPage && (
        <Empty title={search.kind === 'newest' ? 'The log has no event yet' : 'The log has no such event'}>
          {search.kind === 'newest'
            ? 'Publish one. What came by a bare PUBLISH in Redis is live only, and is never in the log.'
            : 'It may be older than the log, or live only. Write a whole type.action.key to ask who would hear it.'}
        </Empty>
      )}
    </Panel>
  );
}
