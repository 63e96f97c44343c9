import { RotateCw, Trash2 } from 'lucide-react';
import { useCallback, useDeferredValue, useMemo, useRef, useState, type ReactElement } from 'react';
import { useRoute } from 'wouter';
import { useMe } from '../session/use-session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Screen } from '../ui/Screen.tsx';
import { countText } from '../ui/numbers.ts';
import { CloseDialog } from './CloseDialog.tsx';
import type { Target } from './closing.ts';
import { ConnectionDetail } from './ConnectionDetail.tsx';
import { ConnectionTable } from './ConnectionTable.tsx';
import { CountBar } from './CountBar.tsx';
import { countsOf } from './counts.ts';
import { EmptyList } from './EmptyList.tsx';
import { matcherOf, parseFilter } from './filter.ts';
import { filterQuery } from './filter-query.ts';
import { FilterBar } from './FilterBar.tsx';
import { FirstAnswer } from './FirstAnswer.tsx';
import { mayClose } from './rights.ts';
import { nextSorting } from './sorting.ts';
import { useAllDeliveries } from './use-deliveries.ts';
import { useConnections } from './use-connections.ts';
import { useRows } from './use-rows.ts';
import { useView } from './use-view.ts';
import { WaitingButton } from './WaitingButton.tsx';

/** Who is connected to any node, live. */
export default function ConnectionsScreen(): ReactElement {
  const me = useMe();
  const view = useView();
  const [isOpen, match] = useRoute('/connections/:id');
  const openId = isOpen ? match.id : undefined;
  const [pointedId, point] = useState<string>();
  const current = openId ?? pointedId;
  const [isReading, setReading] = useState(false);
  const [arrangement, arrange] = useState(0);
  const [target, setTarget] = useState<Target>();
  const input = useRef<HTMLInputElement>(null);

  const { kinds, sorting } = view;
  const filter = useDeferredValue(view.filter);
  const terms = useMemo(() => parseFilter(filter), [filter]);
  const matches = useMemo(() => matcherOf(terms), [terms]);
  const shown = useConnections(kinds, terms, sorting);
  const { list, progress, isPartial, refresh } = shown;
  const toldAt = useAllDeliveries(sorting, kinds, list, refresh);
  const { rows, waiting } = useRows({
    shown,
    matches,
    filter: JSON.stringify([filter, kinds]),
    sorting,
    isHeld: isReading || current !== undefined,
    arrangement: arrangement + toldAt,
  });
  const counts = useMemo(() => countsOf([...(list?.values() ?? [])].filter(matches)), [shown, matches]);

  const open = useCallback((id: string) => view.open(id), [view.open]);
  const step = (by: number): void => {
    const at = rows.findIndex(({ connection }) => connection.Id === current);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.connection.Id;
    if (next === undefined) return;
    if (openId === undefined) point(next);
    else view.open(next, true);
  };
  const pointed = rows.find(({ connection }) => connection.Id === current)?.connection;
  const askToClose = (): void => {
    if (pointed !== undefined && mayClose(me, pointed.Principal))
      setTarget({ kind: 'one', connection: pointed });
  };
  const showNew = (): void => arrange((number) => number + 1);
  useShortcuts([
    { keys: '/', label: 'Filter', run: () => input.current?.focus() },
    { keys: 'j', label: 'Next connection', run: () => step(1) },
    { keys: 'k', label: 'Connection before', run: () => step(-1) },
    { keys: 'Enter', label: 'Open the connection', run: () => current !== undefined && view.open(current) },
    { keys: 'Delete', label: 'Close the connection', run: askToClose },
    { keys: 'n', label: 'Show what came and went', run: showNew },
    {
      keys: 'Escape',
      label: 'Back to the list',
      run: () => {
        point(undefined);
        if (openId !== undefined) view.close();
      },
    },
  ]);

  const found = useMemo(
    () => rows.filter(({ state }) => state !== 'gone').map(({ connection }) => connection),
    [rows],
  );
  const { parameters, isWhole } = useMemo(() => filterQuery(terms, kinds), [terms, kinds]);
  const isClosedByQuery = isPartial && isWhole;
  const mayCloseFound = useMemo(
    () => terms.length > 0 && found.length > 0 && found.every(({ Principal }) => mayClose(me, Principal)),
    [me, terms, found],
  );
  const closeFound = (): void =>
    setTarget(isClosedByQuery ? { kind: 'query', query: parameters } : { kind: 'shown', connections: found });

  return (
    <Screen
      title="Connections"
      tools={
        <FilterBar
          filter={view.filter}
          onFilter={view.setFilter}
          kinds={kinds}
          onKinds={view.setKinds}
          input={input}
        />
      }
    >
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <CountBar counts={list && counts} filter={view.filter} onFilter={view.setFilter} />
          {progress?.error !== undefined && (
            <div className="px-4 py-2">
              <ErrorNote error={progress.error} />
            </div>
          )}
          {isPartial && (
            <PartialNote
              hasMore={progress?.answer?.hasMore ?? false}
              total={progress?.answer?.total ?? 0}
              isWhole={isWhole}
            />
          )}
          <div className="relative flex min-h-0 flex-1 flex-col" aria-busy={list === undefined}>
            {list === undefined && <FirstAnswer />}
            {list !== undefined && rows.length === 0 && waiting.came === 0 && (
              <EmptyList isFiltered={terms.length > 0} kinds={kinds} onClear={() => view.setFilter('')} />
            )}
            {list !== undefined && (rows.length > 0 || waiting.came > 0) && (
              <ConnectionTable
                rows={rows}
                sorting={sorting}
                current={current}
                onSort={(column) => view.setSorting(nextSorting(sorting, column))}
                onOpen={open}
                onRecords={refresh}
                filter={filter}
                onReading={setReading}
              />
            )}
            <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center gap-2">
              <WaitingButton waiting={waiting} onShow={showNew} />
              {mayCloseFound && (
                <Button kind="danger" className="pointer-events-auto shadow" onClick={closeFound}>
                  <Trash2 aria-hidden className="size-4" />
                  Close {isClosedByQuery ? 'all' : countText(found.length)}
                </Button>
              )}
            </div>
          </div>
        </div>
        {openId !== undefined && (
          <ConnectionDetail
            key={openId}
            id={openId}
            known={list?.get(openId) ?? list?.ended(openId)}
            isEnded={list?.get(openId) === undefined && list?.ended(openId) !== undefined}
            onTarget={setTarget}
            onClose={view.close}
            onOpen={open}
          />
        )}
      </div>
      {progress?.status === 'behind' && progress.error === undefined && (
        <p role="status" className="flex items-center gap-2 bg-warn-tint px-4 py-1 text-warn">
          <RotateCw aria-hidden className="size-4" />
          The connection of this page was lost. The list is as it was then, until it is back.
        </p>
      )}
      <CloseDialog target={target} onClose={() => setTarget(undefined)} />
    </Screen>
  );
}

function PartialNote({
  hasMore,
  total,
  isWhole,
}: {
  readonly hasMore: boolean;
  readonly total: number;
  readonly isWhole: boolean;
}): ReactElement {
  const more = hasMore
    ? `The page holds the first ${countText(10_000)} of these; the hub has ${countText(total)} connections. The hub filters and sorts them.`
    : `These are all that match, of ${countText(total)} connections.`;
  return (
    <p className="px-4 py-1 text-xs text-muted">
      {more}
      {!isWhole &&
        ' The hub knows words without a field only as parts of principals, and no patterns. Those are looked for among what the page holds.'}
    </p>
  );
}
