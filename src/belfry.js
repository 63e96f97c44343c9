#!/usr/bin/env node
/**
 * The command `belfry`. A checkout runs the TypeScript as it is; the package, where Node would not run it, carries what was
 * built of it.
 */
import { existsSync } from 'node:fs';

const isCheckout = existsSync(new URL('main.ts', import.meta.url));
if (isCheckout) await import('./main.ts');
else await import(new URL('../dist/main.js', import.meta.url).href);
