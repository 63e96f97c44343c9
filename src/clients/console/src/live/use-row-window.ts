import { useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { LiveStore } from './live-store.ts';
import type { LiveView } from './live-view.ts';

/** Rows that are drawn before and after those on the screen. */
const OVERSCAN = 4;
const NARROW_PX = 600;
const ROW_PX = { wide: 28, narrow: 46 } as const;

export interface RowWindow {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rowPx: number;
  readonly isNarrow: boolean;
  /** The positions of the first row to draw and after the last one. */
  readonly from: number;
  readonly to: number;
  readonly onScroll: () => void;
  /** Scrolls so far that the row at a position is on the screen. */
  readonly reveal: (position: number) => void;
}

/**
 * Which rows are on the screen. All rows have one height, so that nothing has to be measured, whatever their number: a list that
 * measures would go through all of them with each frame. Above the first row one place is for what is older.
 */
export function useRowWindow(store: LiveStore, view: LiveView): RowWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [box, setBox] = useState({ width: 1_000, height: 0 });
  const [, draw] = useState(0);
  /** The position at the upper edge of the screen, which does not change when rows are added above it. */
  const top = useRef(view.origin - 1);
  /** Whether the page itself has scrolled. */
  const isOwn = useRef(false);
  const isNarrow = box.width < NARROW_PX;
  const rowPx = isNarrow ? ROW_PX.narrow : ROW_PX.wide;
  const { origin, end, isFollowing } = view;
  const onScreen = Math.ceil(box.height / rowPx);
  const first = isFollowing ? end - onScreen : Math.floor(top.current);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() =>
      setBox({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const above = isFollowing ? end - origin + 1 : top.current - origin + 1;
    isOwn.current = scrollTo(element, above * rowPx) || isOwn.current;
    if (isFollowing) top.current = Math.max(origin - 1, end - box.height / rowPx);
  }, [isFollowing, origin, isFollowing ? end : 0, rowPx, box.height]);

  useLayoutEffect(() => {
    if (box.height > 0) store.look(first, first + onScreen, isFollowing);
    // What is on the screen changes with the frame as well, not only when somebody scrolls.
  }, [store, first, onScreen, isFollowing, box.height, view]);

  const onScroll = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 2;
    const wasOwn = isOwn.current;
    isOwn.current = false;
    if (isFollowing && isAtEnd) return;
    top.current = origin - 1 + scrollTop / rowPx;
    const at = Math.floor(top.current);
    // When the page itself has scrolled to the end, nobody has asked to see what comes.
    store.look(at, at + onScreen, isAtEnd && !wasOwn);
    draw((count) => count + 1);
  };

  const reveal = (position: number): void => {
    const element = scroller.current;
    if (element === null) return;
    const y = (position - origin + 1) * rowPx;
    const { scrollTop, clientHeight } = element;
    const to = y < scrollTop ? y : Math.max(scrollTop, y + rowPx - clientHeight);
    isOwn.current = scrollTo(element, to);
    top.current = origin - 1 + element.scrollTop / rowPx;
  };

  return {
    scroller,
    rowPx,
    isNarrow,
    from: Math.max(origin, first - OVERSCAN),
    to: Math.min(end, first + onScreen + OVERSCAN),
    onScroll,
    reveal,
  };
}

/** Scrolls as far as that is possible. Returns whether something moved, of which an event will tell. */
function scrollTo(element: HTMLElement, y: number): boolean {
  const before = element.scrollTop;
  element.scrollTop = y;
  return element.scrollTop !== before;
}
