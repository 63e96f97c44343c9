import { HubError } from '@belfry/client';
import { useHub } from '@belfry/client/react';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactElement } from 'react';
import { useLocation, useSearch } from 'wouter';
import { InspectorPanel } from '../inspector/InspectorPanel.tsx';
import { useInspected } from '../inspector/use-inspected.ts';
import { eventFields } from '../json/json-tree.ts';
import { useMe } from '../session/use-session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { copyText } from '../ui/copy-text.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Screen } from '../ui/Screen.tsx';
import { EventList, type EventListHandle, type RowField } from './EventList.tsx';
import { FilterChips } from './FilterChips.tsx';
import { beforeOfKey, keysSeen } from './held-events.ts';
import { readQuery, writeQuery, type LiveQuery } from './live-query.ts';
import { LiveEmpty } from './LiveEmpty.tsx';
import { LiveStatus } from './LiveStatus.tsx';
import { PatternBar } from './PatternBar.tsx';
import type { EventRow } from './rows.ts';
import { SearchField } from './SearchField.tsx';
import { useNote } from './use-note.ts';
import { useLiveStore } from './use-live-store.ts';
import { sameFilter, type ValueFilter } from './value-filters.ts';
import { ValueMenu, type ChosenValue } from './ValueMenu.tsx';

/** Events as they come, and one of them beside the list. What is shown stands in the link. */
export default function LiveScreen(): ReactElement {
  const me = useMe();
  const hub = useHub();
  const search = useSearch();
  const [location, navigate] = useLocation();
  const query = useMemo(() => readQuery(new URLSearchParams(search), me), [search, me]);
  const [store, view] = useLiveStore(query);
  const inspected = useInspected();
  const [selected, setSelected] = useState<number>();
  const [chosen, setChosen] = useState<ChosenValue>();
  const [note, say] = useNote();
  const list = useRef<EventListHandle>(null);
  const searchField = useRef<HTMLInputElement>(null);

  // A position belongs to one list.
  useEffect(() => setSelected(undefined), [store]);
  const change = useCallback(
    (part: Partial<LiveQuery>) => {
      const text = writeQuery({ ...query, ...part }, me).toString();
      navigate(`${location}${text === '' ? '' : `?${text}`}`);
    },
    [query, me, location, navigate],
  );
  const addFilter = (filter: ValueFilter): void => {
    const others = query.filters.filter((each) => !sameFilter({ ...each, not: filter.not }, filter));
    change({ filters: [...others, filter] });
  };
  const onText = useCallback((text: string) => change({ text }), [change]);

  const open = (row: EventRow, position: number): void => {
    select(position);
    inspected.open(row);
  };
  const select = (position: number): void => {
    store.hold();
    setSelected(position);
    list.current?.reveal(position);
  };
  const move = (by: number): void => {
    let next = selected === undefined ? view.end - 1 : selected + by;
    while (next >= view.origin && next < view.end && store.at(next)?.kind !== 'event') next += by;
    const row = store.at(next);
    if (row?.kind !== 'event' || next >= view.end) return;
    if (inspected.isOpen) open(row, next);
    else select(next);
  };
  const row = selected === undefined ? undefined : store.at(selected);
  /** Whether the hub refuses the patterns or the filters themselves. */
  const isOfQuery =
    view.error instanceof HubError && /^(pattern_invalid|filter_invalid|forbidden)$/.test(view.error.code);
  const retry = (): void => {
    hub.reconnect();
    store.retry();
  };

  useShortcuts([
    { keys: ' ', label: 'Pause, or go on', run: () => (view.isPaused ? store.follow() : store.pause()) },
    { keys: 'j', label: 'The next event', run: () => move(1) },
    { keys: 'k', label: 'The event before', run: () => move(-1) },
    {
      keys: 'Enter',
      label: 'Look at the event',
      run: () => {
        if (row?.kind === 'event') inspected.open(row);
      },
    },
    { keys: 'Escape', label: 'Close the event', run: inspected.close },
    { keys: 'G', label: 'To the newest event', run: () => store.follow() },
    { keys: '/', label: 'Search the text', run: () => searchField.current?.focus() },
    {
      keys: 'c',
      label: 'Copy the event',
      run: () => {
        const copied = inspected.isOpen ? inspected.row : row;
        if (copied?.kind === 'event') void copyText(copied.text).then(() => say('Copied'));
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
            error={isOfQuery ? view.error : undefined}
          />
          <SearchField text={query.text} onChange={onText} field={searchField} />
          <div className="flex w-full flex-wrap items-center gap-x-4 gap-y-1">
            <LiveStatus store={store} view={view} note={note} />
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
      <div className="relative flex min-h-0 flex-1">
        <div className="relative flex min-w-0 flex-1 flex-col">
          {view.error !== undefined && !isOfQuery && (
            <div className="p-2">
              <ErrorNote error={view.error} retry={retry} />
            </div>
          )}
          <EventList
            store={store}
            view={view}
            selected={selected}
            onOpen={open}
            onValue={(event, field, anchor) => setChosen(valueOf(event, field, anchor))}
            handle={list}
          />
          <LiveEmpty query={query} view={view} />
        </div>
        {inspected.isOpen && (
          <InspectorPanel
            inspected={inspected}
            heldBefore={() => beforeOfKey(store, inspected.row)}
            onOpen={inspected.open}
            onValue={setChosen}
          />
        )}
      </div>
      <ValueMenu value={chosen} onClose={() => setChosen(undefined)} onFilter={addFilter} />
    </Screen>
  );
}

function valueOf(row: EventRow, field: RowField, anchor: HTMLElement): ChosenValue | undefined {
  const value = eventFields(row.text).get(field);
  return value && { path: [field], json: value.text, anchor };
}
