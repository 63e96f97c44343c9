import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type ReactElement } from 'react';
import { Link } from 'wouter';
import { Badge } from '../ui/Badge.tsx';
import { bytesText } from '../ui/numbers.ts';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { ListedLetter } from './letter.ts';
import { wasRetried } from './retried.ts';

const ROW_PX = 66;
const SHOWN_CHARACTERS = 120;

export interface LetterListProps {
  readonly letters: readonly ListedLetter[];
  readonly selected: string | undefined;
  readonly hrefOf: (id: string) => string;
  /** Called when the end of the list comes into view. */
  readonly onEnd: () => void;
}

/** The dead letters, of which only those in view are drawn. */
export function LetterList({ letters, selected, hrefOf, onEnd }: LetterListProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: letters.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const drawn = rows.getVirtualItems();
  const isAtEnd = (drawn.at(-1)?.index ?? -1) >= letters.length - 1;
  useEffect(() => {
    if (isAtEnd) onEnd();
  }, [isAtEnd, onEnd]);
  const at = letters.findIndex(({ id }) => id === selected);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at);
  }, [at, rows]);
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto">
      <ul className="relative" style={{ height: rows.getTotalSize() }} aria-label="Dead letters">
        {drawn.map(({ index, start }) => {
          const letter = letters[index];
          return (
            letter !== undefined && (
              <li
                key={letter.id}
                className="absolute inset-x-0"
                style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
                aria-setsize={letters.length}
                aria-posinset={index + 1}
              >
                <Row letter={letter} isSelected={letter.id === selected} href={hrefOf(letter.id)} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function Row({
  letter,
  isSelected,
  href,
}: {
  readonly letter: ListedLetter;
  readonly isSelected: boolean;
  readonly href: string;
}): ReactElement {
  const { time, reason, event, bytes, sink } = letter;
  const [line = ''] = event.trimStart().split('\n', 1);
  return (
    <Link
      href={href}
      aria-current={isSelected ? 'true' : undefined}
      className="flex h-full flex-col justify-center gap-1 border-b border-line px-4 outline-offset-[-2px] hover:bg-raised aria-[current]:bg-tint"
    >
      <span className="flex min-w-0 items-center gap-2">
        <Badge tone="bad">{reason}</Badge>
        {sink !== undefined && <Badge title="The sink that could not deliver it">{sink}</Badge>}
        {wasRetried(letter) && (
          <Badge tone="warn" title="It begins like one that you retried">
            again
          </Badge>
        )}
        <span className="ml-auto text-xs whitespace-nowrap text-muted">{bytesText(bytes)}</span>
        <Time at={time} className="text-xs text-muted" />
      </span>
      <span className="truncate font-mono text-[13px]">
        {line === '' ? (
          <span className="text-muted">{bytes === 0 ? 'without a text' : 'begins with an empty line'}</span>
        ) : (
          <bdi>{visibleText(line, SHOWN_CHARACTERS)}</bdi>
        )}
      </span>
    </Link>
  );
}
