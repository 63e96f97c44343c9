import { DIALECTS } from '../../src/dialects/index.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { goTime, isGoZeroTime } from '../../src/model/time.ts';
import { dialectContract, type ContractOptions } from './contract.ts';

const CONTRACTS: Readonly<Record<string, ContractOptions>> = {
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
  provisioning: {
    says: [
      ['task', 'status_changed'],
      ['batch', 'update'],
      ['system', 'health_update'],
      ['workflow', 'progress_update'],
      ['log', 'entry'],
      ['metric', 'update'],
      ['custom', 'CustomApplicationEvent'],
    ].map(([type = '', action = '']) => ({ type, action, key: '' })),
    comesBack: ({ time, type, action, key, object, metadata = {} }) => ({
      time,
      type,
      action,
      key,
      object,
      metadata,
    }),
  },
  norn: {
    says: ['deploy', 'preflight', 'app', 'function', 'snapshot', 'beacon', 'cron'].map((type) => ({ type })),
    comesBack: ({ type, action, key, object }) => ({ type, action, key, object: object ?? {} }),
  },
  dorgu: {
    says: ['added', 'updated', 'deleted'].map((action) => ({ type: 'cluster', action })),
    comesBack: ({ type, action, key }) => ({ type, action, key, object: { name: key } }),
  },
  mist: {
    says: [
      ['container', 'log', { line: 'x' }],
      ['container', 'end', null],
      ['deployment', 'status', { status: 'building' }],
      ['metrics', 'sample', { cpuUsage: 1, memory: { used: 1, total: 2 } }],
    ].map(([type, action, object]) => ({ type, action, object }) as Partial<HubEvent>),
    comesBack: () => undefined,
  },
};

for (const dialect of DIALECTS) {
  const contract = CONTRACTS[dialect.name];
  if (contract === undefined) throw new Error(`no contract is written for ${dialect.name}`);
  dialectContract(dialect, contract);
}
