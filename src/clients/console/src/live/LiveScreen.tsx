import { useHub } from '@belfry/client/react';
import { useCallback, useMemo, useRef, useState, type ReactElement } from 'react';
import { useSearch, useLocation } from 'wouter';
import { sourceOf, fieldsOf } from '../json/raw-json.ts';
import { useMe } from '../session/use-session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Screen } from '../ui/Screen.tsx';
import { EventList, type EventListHandle, type RowField } from './EventList.tsx';
import { FilterChips } from './FilterChips.tsx';
import { keysSeen } from './keys-seen.ts';
import { readQuery, writeQuery, type LiveQuery } from './live-query.ts';
import { LiveStatus } from './LiveStatus.tsx';
import { PatternBar } from './PatternBar.tsx';
import type { EventRow } from './rows.ts';
import { SearchField } from './SearchField.tsx';
import { useLiveStore } from './use-live-store.ts';
import { sameFilter, type ValueFilter } from './value-filters.ts';
import { ValueMenu, type ChosenValue } from './ValueMenu.tsx';

/** Events as they come. What is shown stands in the link. */
export default function LiveScreen(): ReactElement {
  const me = useMe();
  const hub = useHub();
  const search = useSearch();
  const [, navigate] = useLocation();
  const query = useMemo(() => readQuery(new URLSearchParams(search), me), [search, me]);
  const [store, view] = useLiveStore(query);
  const [selected, setSelected] = useState<number>();
  const [chosen, setChosen] = useState<ChosenValue>();
  const list = useRef<EventListHandle>(null);
  const searchField = useRef<HTMLInputElement>(null);

  const change = useCallback(
    (part: Partial<LiveQuery>) => {
      const text = writeQuery({ ...query, ...part }, me).toString();
      navigate(`/live${text === '' ? '' : `?${text}`}`);
      setSelected(undefined);
    },
    [query, me, navigate],
  );
  const addFilter = (filter: ValueFilter): void => {
    const others = query.filters.filter((each) => !sameFilter({ ...each, not: filter.not }, filter));
    change({ filters: [...others, filter] });
  };
  const onText = useCallback((text: string) => change({ text }), [change]);

  const select = (position: number): void => {
    if (position < view.origin || position >= view.end) return;
    store.hold();
    setSelected(position);
    list.current?.reveal(position);
  };
  const move = (by: number): void => {
    let next = selected === undefined ? view.end - 1 : selected + by;
    while (next >= view.origin && next < view.end && store.at(next)?.kind !== 'event') next += by;
    select(next);
  };
  const row = selected === undefined ? undefined : store.at(selected);
  const open = (_row: EventRow, position: number): void => select(position);

  useShortcuts([
    { keys: ' ', label: 'Pause, or go on', run: () => (view.isPaused ? store.follow() : store.pause()) },
    { keys: 'j', label: 'The next event', run: () => move(1) },
    { keys: 'k', label: 'The event before', run: () => move(-1) },
    { keys: 'G', label: 'To the newest event', run: () => store.follow() },
    { keys: '/', label: 'Search the text', run: () => searchField.current?.focus() },
    {
      keys: 'c',
      label: 'Copy the event',
      run: () => {
        if (row?.kind === 'event') void navigator.clipboard.writeText(row.text);
      },
    },
    { keys: 'x', label: 'Clear the list', run: () => store.clear() },
  ]);

  return (
    <Screen
      title="Live"
      tools={
        <>
          <PatternBar
            patterns={query.patterns}
            onChange={(patterns) => change({ patterns })}
            keysOf={(types, actions) => keysSeen(store, types, actions)}
            error={view.status === 'failed' ? view.error : undefined}
          />
          <SearchField text={query.text} onChange={onText} field={searchField} />
          <div className="flex w-full flex-wrap items-center gap-x-4 gap-y-1">
            <LiveStatus store={store} view={view} />
            <FilterChips
              filters={query.filters}
              onChange={(filters) => change({ filters })}
              hidden={view.hidden}
              onShowHidden={(type) => change({ patterns: [...query.patterns, `${type}.*.*`] })}
            />
          </div>
        </>
      }
    >
      {view.error !== undefined && (
        <div className="p-2">
          <ErrorNote
            error={view.error}
            retry={() => {
              hub.reconnect();
              store.retry();
            }}
          />
        </div>
      )}
      {view.status === 'live' &&
        view.end === view.origin &&
        view.past.status === 'idle' &&
        view.older.isEnd && (
          <Empty title="Nothing here yet">
            {query.filters.length > 0 || query.text !== ''
              ? 'No event in the log passes the filters and the search. What comes and passes appears here.'
              : 'Publish an event, and it appears here: belfry publish deploy.begin.myapp'}
          </Empty>
        )}
      <EventList
        store={store}
        view={view}
        selected={selected}
        onOpen={open}
        onValue={(event, field, anchor) => setChosen(valueOf(event, field, anchor))}
        handle={list}
      />
      <ValueMenu value={chosen} onClose={() => setChosen(undefined)} onFilter={addFilter} />
    </Screen>
  );
}

function valueOf(row: EventRow, field: RowField, anchor: HTMLElement): ChosenValue | undefined {
  const value = fieldsOf(row.text).get(field);
  return value && { path: [field], json: sourceOf(value), anchor };
}
