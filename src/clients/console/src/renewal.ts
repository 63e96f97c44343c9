/** So long after a reload that did not help, another one would not help either. */
const AGAIN_AFTER_MS = 30_000;
const NAME = 'belfry-reloaded-at';

/**
 * Loads the page anew where a part of it is gone. During an upgrade the page of one version may ask a node of another one for a
 * part, which has another name there.
 */
export function reloadWhenRenewed(): void {
  addEventListener('vite:preloadError', (event) => {
    if (Date.now() - Number(sessionStorage.getItem(NAME)) < AGAIN_AFTER_MS) return;
    event.preventDefault();
    sessionStorage.setItem(NAME, String(Date.now()));
    location.reload();
  });
}
