import { ArrowLeft } from 'lucide-react';
import { useCallback, useMemo, useRef, useState, type ReactElement } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { mayPublish, type Me } from '../session/me.ts';
import { useSession } from '../session/use-session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { INPUT } from '../ui/Field.tsx';
import { countText } from '../ui/numbers.ts';
import { Screen } from '../ui/Screen.tsx';
import { BulkBar } from './BulkBar.tsx';
import { filtered, neighbourOf, reasonsOf } from './letter-filter.ts';
import { LetterDetail } from './LetterDetail.tsx';
import { LetterList } from './LetterList.tsx';
import { Notice } from './Notice.tsx';
import type { ListedLetter } from './letter.ts';
import { useLetters } from './use-letters.ts';

const PATH = '/dead-letters';
const NOTHING: readonly ListedLetter[] = [];

/** What the ingress could not accept: the list, and one of it with its fault. */
export default function DeadLettersScreen(): ReactElement {
  const state = useSession();
  return 'me' in state ? <DeadLetters me={state.me} /> : <Screen title="Dead letters">{null}</Screen>;
}

function DeadLetters({ me }: { readonly me: Me }): ReactElement {
  const [location, navigate] = useLocation();
  const [query] = useSearchParams();
  const [wantsAll, setWantsAll] = useState(false);
  const [said, setSaid] = useState('');
  const words = useRef<HTMLInputElement>(null);
  const filter = useMemo(() => ({ reason: query.get('reason') ?? '', words: query.get('q') ?? '' }), [query]);
  const isFiltered = filter.reason !== '' || filter.words !== '';
  const list = useLetters(wantsAll || isFiltered);
  const all = list.letters ?? NOTHING;
  const shown = useMemo(() => filtered(all, filter), [all, filter]);
  const selected = decodeURIComponent(location.slice(PATH.length + 1)) || undefined;
  const mayChange = mayPublish(me, 'dead-letters.retry.*');
  const search = query.toString();
  const hrefOf = useCallback(
    (id: string) => `${PATH}/${encodeURIComponent(id)}${search === '' ? '' : `?${search}`}`,
    [search],
  );
  const listHref = search === '' ? PATH : `${PATH}?${search}`;
  const move = (by: 1 | -1) => (): void => {
    const at = shown.findIndex(({ id }) => id === selected);
    const next = shown[at < 0 ? 0 : at + by];
    if (next !== undefined) navigate(hrefOf(next.id), { replace: selected !== undefined });
  };
  useShortcuts([
    { keys: 'j', label: 'The next dead letter', run: move(1) },
    { keys: 'k', label: 'The dead letter before', run: move(-1) },
    { keys: '/', label: 'Search', run: () => words.current?.focus() },
    { keys: 'Escape', label: 'Back to the list', run: () => selected !== undefined && navigate(listHref) },
  ]);
  const { readMore } = list;
  const onGone = (what: string): void => {
    setSaid(what);
    const next = selected === undefined ? undefined : neighbourOf(shown, selected);
    navigate(next === undefined ? listHref : hrefOf(next), { replace: true });
  };
  const setFilter = (name: 'reason' | 'q', value: string): void => {
    const next = new URLSearchParams(query);
    if (value === '') next.delete(name);
    else next.set(name, value);
    navigate(next.size === 0 ? location : `${location}?${next.toString()}`, { replace: true });
  };

  const tools = (
    <>
      <span className="text-muted tabular-nums">
        {list.letters !== undefined &&
          (isFiltered ? `${countText(shown.length)} of ${countText(list.total)}` : countText(list.total))}
      </span>
      <select
        aria-label="Reason"
        className={`${INPUT} w-auto! max-w-44`}
        value={filter.reason}
        onChange={({ target }) => setFilter('reason', target.value)}
      >
        <option value="">all reasons</option>
        {reasonsOf(all).map(([reason, count]) => (
          <option key={reason} value={reason}>
            {reason} ({count})
          </option>
        ))}
        {filter.reason !== '' && !all.some(({ reason }) => reason === filter.reason) && (
          <option value={filter.reason}>{filter.reason}</option>
        )}
      </select>
      <input
        ref={words}
        type="search"
        aria-label="Words in the message or at the beginning of the text"
        placeholder="Words"
        className={`${INPUT} w-40!`}
        value={filter.words}
        onChange={({ target }) => setFilter('q', target.value)}
      />
    </>
  );
  if (list.letters === undefined)
    return (
      <Screen title="Dead letters">
        {list.error === null ? (
          <div aria-busy="true" />
        ) : (
          <div className="m-auto max-w-lg p-8">
            <ErrorNote error={list.error} retry={list.readAgain} />
          </div>
        )}
      </Screen>
    );
  return (
    <Screen title="Dead letters" tools={tools}>
      <Notice said={said} onClose={() => setSaid('')} />
      {list.error !== null && (
        <div className="p-2">
          <ErrorNote error={list.error} retry={list.readAgain} />
        </div>
      )}
      {all.length === 0 && selected === undefined ? (
        <NoLetters />
      ) : (
        <div className="flex min-h-0 flex-1 lg:grid lg:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]">
          <div
            className={`${selected === undefined ? 'flex' : 'hidden lg:flex'} min-h-0 min-w-0 flex-1 flex-col lg:border-r lg:border-line`}
          >
            {shown.length === 0 ? (
              <Empty title="None of them matches">Choose another reason or other words.</Empty>
            ) : (
              <LetterList letters={shown} selected={selected} hrefOf={hrefOf} onEnd={readMore} />
            )}
            {mayChange && (
              <BulkBar
                letters={shown}
                isWhole={list.isWhole}
                onReadAll={() => setWantsAll(true)}
                onDone={() => navigate(listHref)}
              />
            )}
          </div>
          <div
            className={`${selected === undefined ? 'hidden lg:flex' : 'flex'} min-h-0 min-w-0 flex-1 flex-col`}
          >
            {selected === undefined ? (
              <Empty title="No dead letter is selected">Choose one of the list, or press j.</Empty>
            ) : (
              <>
                <Link href={listHref} className="flex items-center gap-1.5 px-4 pt-3 text-accent lg:hidden">
                  <ArrowLeft aria-hidden className="size-4" />
                  All dead letters
                </Link>
                <LetterDetail
                  key={selected}
                  id={selected}
                  mayChange={mayChange}
                  mayPublish={me.publish.length > 0}
                  onGone={onGone}
                />
              </>
            )}
          </div>
        </div>
      )}
    </Screen>
  );
}

function NoLetters(): ReactElement {
  return (
    <Empty title="There are no dead letters">
      <p>
        What a publisher adds to the ingress of the hub (with XADD in Redis) and what the hub cannot accept is
        kept here, with the reason, so that it can be mended and sent again; so is what a sink cannot deliver.{' '}
        <a className="underline" href="../docs/how-to/dead-letters" target="_blank" rel="noreferrer">
          Read more
        </a>
      </p>
    </Empty>
  );
}
