import { z } from 'zod';
import { record, text } from './forms.ts';
import { Pattern } from '../model/pattern.ts';

/** One rule of BELFRY_INTEREST. */
export const interestRule = record({
  pattern: text().refine(isPattern, {
    error: 'is not a pattern. Expected type.action.key, each part * or a comma list',
  }),
  wildcards: z
    .boolean({ error: 'is neither true nor false. Expected true, false, or no such field' })
    .exactOptional(),
});

function isPattern(given: string): boolean {
  try {
    return Pattern.parse(given).size > 0;
  } catch {
    return false;
  }
}
