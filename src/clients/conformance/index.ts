/** Every dialect that is checked, in the order of the report. */
import type { Suite } from './check.ts';
import { dorgu } from './dorgu/dorgu.ts';
import { drp } from './drp/drp.ts';
import { mist } from './mist/mist.ts';
import { native } from './native/native.ts';
import { norn } from './norn/norn.ts';
import { provisioning } from './provisioning/provisioning.ts';

export const SUITES: readonly Suite[] = [native, drp, norn, mist, provisioning, dorgu];
