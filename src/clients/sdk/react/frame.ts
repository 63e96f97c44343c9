/** A page that nobody looks at draws no frames. What waits for one is then run after this time. */
const NO_FRAME_MS = 100;

const due = new Set<() => void>();

/** Runs these functions with the next frame, each once, so that React draws all that changed at once. */
export function nextFrame(run: () => void): void {
  const isPlanned = due.size > 0;
  due.add(run);
  if (isPlanned) return;
  const flush = (): void => {
    clearTimeout(timer);
    const all = [...due];
    due.clear();
    for (const each of all) each();
  };
  const timer = setTimeout(flush, NO_FRAME_MS);
  const { requestAnimationFrame } = globalThis as { requestAnimationFrame?: (run: () => void) => unknown };
  requestAnimationFrame?.(flush);
}
