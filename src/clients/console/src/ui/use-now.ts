import { useEffect, useState } from 'react';

const SECOND_MS = 1_000;

/** The time in milliseconds, once a second while it is asked for. */
export function useNow(isOn = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return undefined;
    const update = (): void => setNow(Date.now());
    update();
    const timer = setInterval(update, SECOND_MS);
    return () => clearInterval(timer);
  }, [isOn]);
  return now;
}
