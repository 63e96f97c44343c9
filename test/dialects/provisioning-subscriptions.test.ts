import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/dialects/dialect.ts';
import { compareCursors } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import type { Json } from '../../src/model/json.ts';
import { admits, namesOf, open, published, subscribe } from './provisioning-helpers.ts';

describe('the sockets /metrics and /logs of provisioning', () => {
  const entry = (level: string, component: string, message: string): HubEvent =>
    published('LogEntry', { level, component, message });

  it('receive one event type each', async () => {
    expect(namesOf(await open('/metrics'))).toEqual(['MetricUpdate']);
    expect(namesOf(await open('/metrics?events=task'))).toEqual(['MetricUpdate']);
    expect(namesOf(await open('/logs'))).toEqual(['LogEntry']);
    expect(admits(await open('/logs'), entry('DEBUG', 'dns', ''))).toBe(true);
  });

  it('select log entries by level, component and text', async () => {
    const session = await open('/logs?level=ERROR,%20WARN&component=dns&component=mail&search=Zone%20EX');
    expect(admits(session, entry('WARN', 'mail', 'the zone expires'))).toBe(true);
    expect(admits(session, entry('ERROR', 'dns', 'ZONE EXPIRED'))).toBe(true);
    expect(admits(session, entry('INFO', 'dns', 'zone expired'))).toBe(false);
    expect(admits(session, entry('WARN', 'db', 'zone expired'))).toBe(false);
    expect(admits(session, entry('WARN', 'dns', 'zone renewed'))).toBe(false);
    expect(admits(session, published('LogEntry', { level: 'WARN', component: 'dns', message: 7 }))).toBe(
      false,
    );
  });

  it('ignore empty parameters', async () => {
    const session = await open('/logs?level=&component=,&search=');
    expect(admits(session, published('LogEntry', { level: 'INFO', text: 'up' }))).toBe(true);
  });

  it('share a cohort only with sockets that search for the same text', async () => {
    const [one, two, other] = await Promise.all(['a', 'a', 'b'].map((text) => open(`/logs?search=${text}`)));
    const textOf = (session?: Session) => session?.subscriptions[0]?.filters.map(({ text }) => text);
    expect(textOf(one)).toEqual(textOf(two));
    expect(textOf(one)).not.toEqual(textOf(other));
  });
});

describe('a provisioning filter', () => {
  const task = (data: object, metadata: object = {}): HubEvent =>
    published('TaskStatusChanged', data as Json, { metadata });

  it('looks for a field in the data first, and then in the metadata', () => {
    const query = subscribe(['task'], { infra: 'staging' });
    expect(admits(query, task({ infra: 'staging' }, { infra: 'production' }))).toBe(true);
    expect(admits(query, task({ infra: 'production' }, { infra: 'staging' }))).toBe(false);
    expect(admits(query, task({}, { infra: 'staging' }))).toBe(true);
    expect(admits(query, task({}, {}))).toBe(false);
  });

  it('accepts one value or a list, and an event must pass all filters', () => {
    const query = subscribe(['task'], { status: ['Running', 'Failed'], progress: 50 });
    expect(admits(query, task({ status: 'Failed', progress: 50 }))).toBe(true);
    expect(admits(query, task({ status: 'Pending', progress: 50 }))).toBe(false);
    expect(admits(query, task({ status: 'Running', progress: 51 }))).toBe(false);
  });

  it('looks for fields inside the data', () => {
    const query = subscribe(['metric'], { 'labels.queue': 'mail' });
    expect(admits(query, published('MetricUpdate', { labels: { queue: 'mail' } }))).toBe(true);
    expect(admits(query, published('MetricUpdate', { labels: { queue: 'print' } }))).toBe(false);
  });

  it('finds a task by task_name, under both names of that field', () => {
    const query = subscribe(['task'], { task_name: 'resize_disk' });
    expect(admits(query, task({ name: 'resize_disk' }))).toBe(true);
    expect(admits(query, task({ task_name: 'resize_disk', name: 'other' }))).toBe(true);
    expect(admits(query, task({}, { task_name: 'resize_disk' }))).toBe(true);
    expect(admits(query, task({ name: 'other' }))).toBe(false);
  });

  it('does not take the name of anything else for the name of a task', () => {
    const query = subscribe(['batch', 'log'], { task_name: 'resize_disk' });
    expect(admits(query, published('BatchOperationUpdate', { name: 'resize_disk' }))).toBe(false);
    expect(admits(query, published('LogEntry', { task_name: 'resize_disk' }))).toBe(true);
  });

  it('with since begins with the first event that the log stored at that time', () => {
    const { replay } = subscribe(['task'], { since: '2025-10-02T07:15:13.250Z' });
    if (replay === undefined || !('since' in replay)) throw new Error('replays nothing');
    const ms = Date.parse('2025-10-02T07:15:13.250Z');
    expect(compareCursors(replay.since, `${ms}-0`)).toBeLessThan(0);
    expect(compareCursors(replay.since, `${ms - 1}-999`)).toBeGreaterThan(0);
  });
});
