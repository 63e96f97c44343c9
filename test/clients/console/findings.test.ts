import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NodeReport } from '../../../src/clients/cli/node-report.ts';
import type { Finding, Looked } from '../../../src/clients/console/src/overview/finding.ts';
import { findingsOf } from '../../../src/clients/console/src/overview/findings.ts';
import { steadyFindings } from '../../../src/clients/console/src/overview/steady-findings.ts';
import { aNode, fleetAfter, NOW } from './fleet-samples.ts';

const DOCS = new URL('../../../src/docs/', import.meta.url);

function found(answers: readonly (readonly NodeReport[])[], more: Partial<Looked> = {}): readonly Finding[] {
  return findingsOf({ fleet: fleetAfter(...answers), error: null, deadLetters: 0, now: NOW, ...more });
}

/** All pages, and all headings of theirs. */
function pagesOfDocs(): readonly string[] {
  return readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const page = file.slice(0, -'.md'.length);
      const headings = readFileSync(new URL(file, DOCS), 'utf8').matchAll(/^#+ (.*)$/gm);
      return [
        page,
        ...Array.from(headings, ([, text = '']) => `${page}#${text.toLowerCase().replaceAll(' ', '-')}`),
      ];
    });
}

const DROPS = (droppedSlow: number) => ({ norn: { delivered: 0, conflated: 0, droppedSlow } });
const WARNING = 'BELFRY_PREFIX is different on b. Expected the same on all nodes of one Redis.';

/** What is wrong, the tone of the finding, and its sentence. */
const CASES: readonly (readonly [string, readonly Finding[], Finding['tone'], string])[] = [
  [
    'a node that is deaf',
    found([[aNode('a', { ready: false, status: { healthy: false } })]]),
    'bad',
    'a is not ready: events do not reach it through Redis.',
  ],
  [
    'a node that is stopped',
    found([[aNode('a', { ready: false })]]),
    'warn',
    'a is being stopped, and takes no new connections.',
  ],
  [
    'silent nodes',
    found([[aNode('a', { status: null }), aNode('b', { status: null }), aNode('c')]]),
    'bad',
    'a and b are silent: no answer came within two seconds.',
  ],
  ['a node that is gone', found([[aNode('a'), aNode('b')], [aNode('b')]]), 'warn', 'It had 4 connections.'],
  [
    'a Redis that is full',
    found([[aNode('a', { status: { refusing: 'full' } })]]),
    'bad',
    'Redis refuses what a publishes: it is full or cannot write to its disk.',
  ],
  [
    'a reason to refuse that is not known yet',
    found([[aNode('a', { status: { refusing: 'moody' } })]]),
    'bad',
    'Redis refuses what a publishes: of an error.',
  ],
  [
    'a probe that is late',
    found([[aNode('a', { status: { probeMs: 1_234 } })]]),
    'warn',
    'A probe of a through Redis took 1,234 ms.',
  ],
  [
    'late deliveries',
    found([[aNode('a', { lagMs: 2_000 })]]),
    'warn',
    'a delivers events up to 2,000 ms late.',
  ],
  [
    'a slow client',
    found([[aNode('a', { status: { slow: 1, queued: 1_200, queuedBytes: 2_048 } })]]),
    'warn',
    '1 client does not keep up on a: 1,200 deliveries (2.0 KiB) wait.',
  ],
  [
    'deliveries that are dropped',
    found([
      [aNode('a', { status: { deliveries: DROPS(1) } })],
      [aNode('a', { status: { deliveries: DROPS(3) } })],
    ]),
    'bad',
    'a dropped 2 deliveries to slow clients while this page looked.',
  ],
  [
    'a gap that was not repaired',
    found([[aNode('a', { status: { gapsDetected: 3, gapsRepaired: 2 } })]]),
    'warn',
    'a could not repair 1 gap in the log since the start.',
  ],
  [
    'several versions',
    found([[aNode('a'), aNode('b', { version: '0.2.0' })]]),
    'warn',
    'The nodes have different versions: 0.1.0 on a; 0.2.0 on b.',
  ],
  [
    'different settings',
    found([[aNode('a', { warnings: [WARNING] }), aNode('b', { digest: 'other' })]]),
    'warn',
    'The nodes have different settings: BELFRY_PREFIX.',
  ],
  [
    'different settings that were not compared yet',
    found([[aNode('a'), aNode('b', { digest: 'other' })]]),
    'warn',
    'The nodes have different settings.',
  ],
  [
    'another warning of a node',
    found([[aNode('a', { warnings: ['Redis forgets keys (maxmemory-policy x).'] })]]),
    'warn',
    'Redis forgets keys (maxmemory-policy x).',
  ],
  [
    'several Redis',
    found([[aNode('a'), aNode('b', { status: { redisVersion: '8.0.0' } })]]),
    'warn',
    'The nodes have Redis 7.4.1 on a; 8.0.0 on b.',
  ],
  [
    'a Redis that is too old',
    found([[aNode('a', { status: { redisVersion: '6.2.0' } })]]),
    'warn',
    'The nodes have Redis 6.2.0 on a.',
  ],
  [
    'dead letters',
    found([[aNode('a')]], { deadLetters: 1 }),
    'warn',
    '1 dead letter waits for somebody to decide.',
  ],
  [
    'a hub that does not answer',
    found([[aNode('a')]], { error: new Error('It is away.') }),
    'bad',
    'The hub does not tell of its nodes: It is away.',
  ],
];

describe('the overview of the console', () => {
  it.each(CASES)('finds %s, and says what to do on which page of the docs', (_what, findings, tone, what) => {
    expect(findings).toEqual([
      expect.objectContaining({
        tone,
        what: expect.stringContaining(what) as string,
        todo: expect.stringMatching(/\.$/) as string,
      }),
    ]);
    expect(pagesOfDocs()).toContain(findings[0]?.page);
  });

  it('finds nothing where nothing is wrong, nor in a node without a Redis', () => {
    expect(found([[aNode('a'), aNode('b')]])).toEqual([]);
    expect(found([[aNode('a', { status: { redisVersion: null, probeMs: 0 } })]])).toEqual([]);
  });

  it('names the page that the hub gave for its refusal', () => {
    const error = { message: 'No.', see: 'https://hub.example/docs/reference/errors#unavailable' };
    expect(found([[aNode('a')]], { error })).toMatchObject([{ page: 'reference/errors#unavailable' }]);
  });

  it('shows what is bad before what may become bad', () => {
    const tones = found([[aNode('a', { lagMs: 5_000, status: null }), aNode('b', { version: 'x' })]]).map(
      ({ tone }) => tone,
    );
    expect(tones).toEqual(['bad', 'warn', 'warn']);
  });
});

describe('the list of findings', () => {
  const finding = (id: string, tone: Finding['tone'] = 'warn'): Finding => ({
    id,
    tone,
    what: '',
    todo: '',
    page: '',
  });
  const ids = (list: ReturnType<typeof steadyFindings>): string[] => list.map(({ finding: { id } }) => id);

  it('keeps its order when others come, and shows each for ten seconds after it ended', () => {
    let list = steadyFindings([], [finding('b')], 0);
    list = steadyFindings(list, [finding('a'), finding('b')], 1_000);
    expect(ids(list)).toEqual(['b', 'a']);
    list = steadyFindings(list, [finding('a')], 10_999);
    expect(ids(list)).toEqual(['b', 'a']);
    expect(ids(steadyFindings(list, [finding('a')], 11_000))).toEqual(['a']);
  });

  it('shows something bad above everything that is not', () => {
    const list = steadyFindings([], [finding('a')], 0);
    expect(ids(steadyFindings(list, [finding('a'), finding('x', 'bad')], 1))).toEqual(['x', 'a']);
  });
});
