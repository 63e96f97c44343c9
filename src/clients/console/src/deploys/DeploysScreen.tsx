import { HubError } from '@belfry/client';
import { useHub } from '@belfry/client/react';
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactElement,
} from 'react';
import { useSearchParams } from 'wouter';
import { PASSING } from '../../../sdk/subscriptions.ts';
import { isEnded } from '../../../runs/runs.ts';
import { mayHear } from '../session/me.ts';
import { useMe, useSession } from '../session/use-session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { INPUT } from '../ui/Field.tsx';
import { Screen } from '../ui/Screen.tsx';
import { useIsLookedAt } from '../ui/use-is-looked-at.ts';
import { useNow } from '../ui/use-now.ts';
import { RunDetail } from './RunDetail.tsx';
import { RunList } from './RunList.tsx';
import { RUN_PATTERNS } from './run-patterns.ts';
import { RunsStore, type KnownRun, type RunsSnapshot } from './runs-store.ts';

/** So long after an answer that failed, but may come, it is asked for again. */
const RETRY_MS = 5_000;

/** Runs of Norn, Mist and the Provisioning Platform, and containers: which go on, how each step went, and what they wrote. */
export default function DeploysScreen(): ReactElement {
  const { runs, isComplete, gap, error, retry } = useRuns();
  const [params, setParams] = useSearchParams();
  const text = params.get('q') ?? '';
  const selected = params.get('run') ?? undefined;
  const shown = useMemo(() => runs.filter((run) => matches(run, text)), [runs, text]);
  const run = runs.find(({ key }) => key === selected);
  const now = useNow(shown.some((each) => !isEnded(each)));
  const search = useRef<HTMLInputElement>(null);

  const set = (name: string, value: string | undefined): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === undefined || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const move = (by: number): void => {
    const at = shown.findIndex(({ key }) => key === selected);
    const next = shown[Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (next !== undefined) set('run', next.key);
  };
  useShortcuts([
    { keys: 'j', label: 'Next run', run: () => move(1) },
    { keys: 'k', label: 'Run before', run: () => move(-1) },
    { keys: '/', label: 'Search', run: () => search.current?.focus() },
    { keys: 'Escape', label: 'Close the run', run: () => set('run', undefined) },
  ]);

  const running = runs.filter((each) => !isEnded(each)).length;
  return (
    <Screen
      title="Deploys"
      tools={
        <>
          <input
            ref={search}
            type="search"
            aria-label="Search runs"
            placeholder="Search by name, status or message"
            className={`${INPUT} max-w-72`}
            value={text}
            onChange={({ target }) => set('q', target.value)}
          />
          <span className="text-muted" role="status">
            {running} of {runs.length} running
          </span>
        </>
      }
    >
      {error !== undefined && <ErrorNote error={error} retry={retry} />}
      {gap !== undefined && (
        <p className="bg-warn-tint px-4 py-1 text-warn">
          Some events were missed ({gap.reason}), so a run may look as if it still went on.
        </p>
      )}
      {shown.length === 0 ? (
        <Nothing isComplete={isComplete} isFiltered={text !== ''} />
      ) : (
        <div className="flex min-h-0 flex-1">
          <div
            className={`min-h-0 flex-col border-line md:flex md:w-80 md:shrink-0 md:border-r ${run === undefined ? 'flex w-full' : 'hidden'}`}
          >
            <RunList runs={shown} selected={selected} now={now} onSelect={({ key }) => set('run', key)} />
          </div>
          {run === undefined ? (
            <div className="hidden flex-1 md:flex">
              <Empty title="Choose a run">Its steps and its log appear here.</Empty>
            </div>
          ) : (
            <RunDetail run={run} now={now} onBack={() => set('run', undefined)} />
          )}
        </div>
      )}
    </Screen>
  );
}

function Nothing({
  isComplete,
  isFiltered,
}: {
  readonly isComplete: boolean;
  readonly isFiltered: boolean;
}): ReactElement {
  if (!isComplete) return <Empty title="Reading the last day …" />;
  if (isFiltered) return <Empty title="No run has these words" />;
  return (
    <Empty title="There was no run in the last day">
      Runs are made of the events of Norn (deploy, preflight, forge, teardown), of Mist (deployment,
      container) and of the Provisioning Platform (task, batch, workflow).
    </Empty>
  );
}

function useRuns(): RunsSnapshot & { readonly retry: () => void } {
  const hub = useHub();
  const me = useMe();
  const { status } = useSession();
  const isLookedAt = useIsLookedAt();
  const [attempt, setAttempt] = useState(0);
  const patterns = RUN_PATTERNS.filter((pattern) => mayHear(me, pattern)).join(' ');
  const store = useMemo(() => new RunsStore(hub, patterns.split(' ')), [hub, patterns]);
  useEffect(() => {
    if (!isLookedAt || status !== 'in') return undefined;
    const leave = new AbortController();
    void store.follow(leave.signal);
    return () => leave.abort();
  }, [store, isLookedAt, status, attempt]);
  const snapshot = useSyncExternalStore(
    useCallback((tell: () => void) => store.onChange(tell), [store]),
    () => store.snapshot,
  );
  const { error } = snapshot;
  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  useEffect(() => {
    if (!(error instanceof HubError && PASSING.has(error.code))) return undefined;
    const timer = setTimeout(retry, RETRY_MS);
    return () => clearTimeout(timer);
  }, [error, retry]);
  return { ...snapshot, retry };
}

function matches({ name, status, message = '' }: KnownRun, text: string): boolean {
  const all = `${name} ${status} ${message}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
