import { parseQuery, type ConnectionQuery } from '../../src/registry/connection-query.ts';
import type { NodeReport, OwnReport, SettingHashes } from '../../src/registry/node-directory.ts';
import type { ConnectionRecord } from '../../src/registry/registry.ts';

let made = 0;

/** The record of a connection that differs from every other. */
export function aRecord(record: Partial<ConnectionRecord> = {}): ConnectionRecord {
  const number = ++made;
  return {
    Type: 'websocket',
    RemoteAddr: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}:${10_000 + (number % 50_000)}`,
    Principal: 'user:ada',
    CreateTime: '2025-01-15T10:30:00.000Z',
    ExpiresAt: null,
    Id: `c${number}`,
    Node: 'one',
    Dialect: 'drp',
    Patterns: [],
    UserAgent: 'Mozilla/5.0 (X11; Linux)',
    ...record,
  };
}

/** The report of a node. */
export function aReport(report: Partial<NodeReport> = {}, settings: SettingHashes = {}): OwnReport {
  const digest = JSON.stringify(settings);
  const about: NodeReport = {
    name: 'one',
    version: '1.0.0',
    since: '2025-01-15T10:30:00.000Z',
    digest,
    connections: 0,
    eventsPerSecond: 0,
    deliveriesPerSecond: 0,
    p99Ms: 0,
    lagMs: 0,
    ready: true,
    warnings: [],
    ...report,
  };
  return { digest, settings, report: () => about };
}

/** The query of an admin with this query string; `visible` makes it that of another caller. */
export function aQuery(text = '', visible: ConnectionQuery['visible'] = 'all'): ConnectionQuery {
  return parseQuery(new URLSearchParams(text), visible);
}

export function idsOf(records: readonly ConnectionRecord[]): string[] {
  return records.map(({ Id }) => Id);
}
