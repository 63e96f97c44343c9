import { writeFileSync } from 'node:fs';
import { BOUNDS_PAGE, boundsPage } from './bounds-page.ts';

/** What `npm run docs` does. */
writeFileSync(BOUNDS_PAGE, await boundsPage());
