import { useSyncExternalStore } from 'react';
import type { Me } from './me.ts';
import { session, type SessionState } from './session.ts';

export function useSession(): SessionState {
  return useSyncExternalStore(session.onChange, () => session.state);
}

/** Who is signed in. Only for what is shown to somebody who is. */
export function useMe(): Me {
  const state = useSession();
  if (state.status !== 'in' && state.status !== 'ended') throw new Error('Nobody is signed in.');
  return state.me;
}
