import { useEffect, useState } from 'react';

const SHOWN_MS = 1_500;

/** A short text that says what was done, and goes by itself. */
export function useNote(): readonly [note: string, say: (note: string) => void] {
  const [note, say] = useState('');
  useEffect(() => {
    if (note === '') return undefined;
    const timer = setTimeout(() => say(''), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return [note, say];
}
