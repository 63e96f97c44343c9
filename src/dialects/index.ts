/** Every dialect that the hub serves. A new dialect needs its own file and a line here. */
import type { Dialect } from './dialect.ts';
import { dorgu } from './dorgu.ts';
import { drp } from './drp.ts';
import { mist } from './mist.ts';
import { native } from './native.ts';
import { norn } from './norn.ts';
import { provisioning } from './provisioning.ts';

export const DIALECTS: readonly Dialect[] = [native, drp, norn, mist, provisioning, dorgu];
