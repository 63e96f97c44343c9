import { DIALECTS } from '../../src/dialects/index.ts';
import type { DialectName } from '../../src/dialects/dialect.ts';
import { goTime, isGoZeroTime } from '../../src/model/time.ts';
import { dialectContract, type ContractOptions } from './contract.ts';

const CONTRACTS: Readonly<Record<DialectName, ContractOptions>> = {
  native: {
    comesBack: ({ id: _id, previous: _previous, size: _size, ...event }) => event,
  },
  drp: {
    comesBack: ({ time, type, action, key, principal = 'unknown', object, original = null }) => ({
      type,
      action,
      key,
      object,
      ...(principal !== '' && { principal }),
      ...(original !== null && { original }),
      ...(!isGoZeroTime(time) && { time: goTime(time) }),
    }),
  },
};

for (const { dialect } of DIALECTS) dialectContract(dialect, CONTRACTS[dialect.name]);
