import { writePages } from './made.ts';

/** What `npm run docs` does. */
await writePages();
