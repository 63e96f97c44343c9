import { BelfryError } from '../model/errors.ts';

/**
 * Whether a page of this origin may talk to the hub. Requests without one come from no browser and are allowed; so are
 * all while the list is empty, since tokens are never sent by a browser on its own.
 * @throws BelfryError `origin_forbidden`
 */
export function checkOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined || allowed.length === 0 || allowed.includes(origin)) return;
  throw new BelfryError(
    'origin_forbidden',
    'Pages of this Origin may not connect. Expected one of those in BELFRY_ALLOWED_ORIGINS.',
  );
}
