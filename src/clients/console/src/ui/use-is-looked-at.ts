import { useEffect, useState } from 'react';

/** How long a page may be hidden before it counts as left. */
const LEFT_AFTER_MS = 30_000;

/** Whether somebody looks at the page, or did a moment ago. What is not looked at should cost the hub nothing. */
export function useIsLookedAt(): boolean {
  const [isLookedAt, set] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const check = (): void => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => set(false), LEFT_AFTER_MS);
      else set(true);
    };
    check();
    document.addEventListener('visibilitychange', check);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', check);
    };
  }, []);
  return isLookedAt;
}
