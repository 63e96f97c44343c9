import { writePages } from './made.ts';

/** This is the script of `npm run docs`. */
await writePages();
