import type { Response } from 'express';
import type { Identity } from '../../model/principal.ts';

/** Who asks; known to every route of REST, as nobody else comes so far. */
export function identityOf(response: Response): Identity {
  return response.locals['identity'] as Identity;
}
