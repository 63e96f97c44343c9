import { useSyncExternalStore } from 'react';

/** The width below which a page is read on a phone, as `sm:` of the classes has it. */
const QUERY = '(width < 40rem)';

export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (tell) => {
      const media = matchMedia(QUERY);
      media.addEventListener('change', tell);
      return () => media.removeEventListener('change', tell);
    },
    () => matchMedia(QUERY).matches,
  );
}
