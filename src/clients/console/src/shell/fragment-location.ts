import { useSyncExternalStore } from 'react';
import { partsOfFragment } from './fragment.ts';

/**
 * Where the page is, for the router: the path and the query both stand in the fragment, as in `#/why?event=1-0`. So every view is a
 * link that can be sent, and no server sees what is looked at. Screens use `useLocation`, `useSearchParams` and `Link` of wouter.
 */
export function useFragmentLocation(): [string, typeof navigate] {
  return [useSyncExternalStore(onChange, pathHere), navigate];
}

useFragmentLocation.searchHook = (): string => useSyncExternalStore(onChange, queryHere);
useFragmentLocation.hrefs = (to: string): string => `#${to}`;

function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const url = `${location.pathname}${location.search}#${to}`;
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

function onChange(tell: () => void): () => void {
  addEventListener('hashchange', tell);
  return () => removeEventListener('hashchange', tell);
}

const pathHere = (): string => partsOfFragment(location.hash).path;
const queryHere = (): string => partsOfFragment(location.hash).query;
