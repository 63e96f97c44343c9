import { useMemo } from 'react';
import { useSearchParams } from 'wouter';

/** What is asked. It stands in the address, so that the answer can be sent. */
export interface Question {
  readonly event?: string;
  /** An id, or an `ip:port`. */
  readonly connection?: string;
  /** All connections of a principal, instead of one. */
  readonly principal?: string;
  /** Who would hear this topic, instead of an event. */
  readonly topic?: string;
}

const NAMES = ['event', 'connection', 'principal', 'topic'] as const;

export interface Asking {
  readonly question: Question;
  /** Changes a part of the question; an empty text takes it away. */
  readonly ask: (change: Partial<Record<(typeof NAMES)[number], string>>) => void;
}

export function useQuestion(): Asking {
  const [parameters, setParameters] = useSearchParams();
  return useMemo(() => {
    const question = Object.fromEntries(
      NAMES.flatMap((name) => {
        const value = parameters.get(name);
        return value === null || value === '' ? [] : [[name, value]];
      }),
    ) as Question;
    return {
      question,
      ask: (change) =>
        setParameters((before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(change))
            if (value === '') after.delete(name);
            else after.set(name, value);
          return after;
        }),
    };
  }, [parameters, setParameters]);
}
