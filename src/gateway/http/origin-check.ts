import { BelfryError } from '../../model/errors.ts';

/** The headers that name the origin of a page and the host to which the request goes. */
export interface PageHeaders {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Whether a page of this origin may talk to the hub. A request without an origin does not come from a browser, and is
 * allowed. While the list is empty every origin is allowed, since a browser adds no token by itself, and what it does
 * add counts only for origins of the list. A page that the hub's own host served is always allowed.
 * @throws BelfryError `origin_forbidden`
 */
export function checkOrigin({ origin, host }: PageHeaders, allowed: readonly string[]): void {
  if (origin === undefined || allowed.length === 0 || allowed.includes(origin)) return;
  if (isOwnPage({ origin, host })) return;
  throw new BelfryError(
    'origin_forbidden',
    'Pages of this Origin may not connect. Expected one of those in BELFRY_ALLOWED_ORIGINS.',
  );
}

/** Whether the page came from the host to which the request goes. `null`, the origin of sandboxed pages, never does. */
export function isOwnPage({ origin, host }: PageHeaders): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
