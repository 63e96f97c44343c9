import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { Hub } from '../hub.ts';
import type { State } from '../state.ts';
import { nextFrame } from './frame.ts';

export const HubContext = createContext<Hub | undefined>(undefined);

/** What a server shows, which connects to no hub, and so does a page before it has taken over what the server drew. */
const IDLE: State = { status: 'idle', since: 0, attempt: 0 };

export function useHub(): Hub {
  const hub = useContext(HubContext);
  if (hub !== undefined) return hub;
  throw new Error('A hook has no hub. Expected it in a <HubProvider>.');
}

/** A part of the state of the connection. */
export function useStateOf<T>(hub: Hub, part: (state: State) => T): T {
  const subscribe = useCallback((tell: () => void) => hub.onState(() => nextFrame(tell)), [hub]);
  return useSyncExternalStore(
    subscribe,
    () => part(hub.state),
    () => part(IDLE),
  );
}

/** The whole state of the connection. */
export const useConnection = (): State => useStateOf(useHub(), (state) => state);
