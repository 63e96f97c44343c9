import { useEffect, useState } from 'react';

const SETTLED_MS = 250;

/** A text once it has not changed for a moment, so that nothing is asked for at every key. */
export function useSettled(text: string): string {
  const [settled, set] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => set(text), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
