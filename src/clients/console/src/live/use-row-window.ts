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
  const [top, setTop] = useState(0);
  const drawn = useRef({ origin: view.origin, rowPx: 0 });
  const isOwn = useRef(false);
  const isNarrow = box.width < NARROW_PX;
  const rowPx = isNarrow ? ROW_PX.narrow : ROW_PX.wide;
  const { origin, end, isFollowing } = view;
  const onScreen = Math.ceil(box.height / rowPx);
  const first = isFollowing ? end - onScreen : origin - 1 + Math.floor(top / rowPx);

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
    const before = drawn.current;
    drawn.current = { origin, rowPx };
    if (isFollowing) element.scrollTop = (end - origin + 1) * rowPx;
    else if (before.rowPx !== 0 && (before.origin !== origin || before.rowPx !== rowPx)) {
      isOwn.current = true;
      element.scrollTop = (element.scrollTop / before.rowPx + before.origin - origin) * rowPx;
      setTop(element.scrollTop);
    }
  }, [isFollowing, origin, end, rowPx, box.height]);

  useLayoutEffect(() => {
    if (box.height > 0) store.look(first, first + onScreen, isFollowing);
    // What is on the screen changes with the frame as well, not only when somebody scrolls.
  }, [store, first, onScreen, isFollowing, box.height, view]);

  const onScroll = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    setTop(scrollTop);
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 2;
    const at = origin - 1 + Math.floor(scrollTop / rowPx);
    // When the page itself has scrolled to the end, nobody has asked to see what comes.
    store.look(at, at + onScreen, isAtEnd && (isFollowing || !isOwn.current));
    isOwn.current = false;
  };

  const reveal = (position: number): void => {
    const element = scroller.current;
    if (element === null) return;
    const y = (position - origin + 1) * rowPx;
    const { scrollTop, clientHeight } = element;
    const to = y < scrollTop ? y : Math.max(scrollTop, y + rowPx - clientHeight);
    if (to === scrollTop) return;
    isOwn.current = true;
    element.scrollTop = to;
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
