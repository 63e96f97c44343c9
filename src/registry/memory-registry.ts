import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { NewEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import type { NodeDirectory, NodeRecord, OwnReport, RedisFacts, SettingHashes } from './node-directory.ts';
import { sortableAddress, sortableIp } from './address.ts';
import { MemoryPresence } from './memory-presence.ts';
import type { ConnectionQuery } from './connection-query.ts';
import { LogQuota, type QuotaRates } from './log-quota.ts';
import {
  isLogged,
  isPresence,
  limitReached,
  PRESENCE_CONNECTIONS_MAX,
  type PresenceReader,
  type ConnectionPage,
  type ConnectionRecord,
  type Lifecycle,
  type OnlinePage,
  type OnlineQuery,
  type Presence,
  type Registry,
  type RegistryLimits,
} from './registry.ts';
import { EVERYBODY, Selection, visibleTo } from './connection-selection.ts';

const PASS_MS = 1_000;

export interface MemoryRegistryOptions {
  readonly clock: Clock;
  /** Publishes changes of the registry through the broker. */
  readonly publish: (events: readonly NewEvent[]) => Promise<unknown>;
  /** Tells changes live only, without the log. */
  readonly tell: (events: readonly NewEvent[]) => Promise<unknown>;
  readonly quota: QuotaRates;
  readonly log: Logger;
  /** What the list of nodes says of this only node. */
  readonly about: OwnReport;
  readonly graceMs?: number;
}

/**
 * The connection registry of a single node without Redis: it lives in the memory of this process and ends with it.
 */
export class MemoryRegistry implements Registry, PresenceReader, NodeDirectory, Lifecycle {
  readonly #options: MemoryRegistryOptions;
  readonly #presence: MemoryPresence;
  readonly #quota: LogQuota;
  readonly #records = new Map<string, ConnectionRecord>();
  readonly #byPrincipal = new Map<Principal, Set<ConnectionRecord>>();
  /** How many connections each principal and address has, for the limits. */
  readonly #counts = new Map<string, number>();
  #stopTimer: (() => void) | undefined;

  constructor(options: MemoryRegistryOptions) {
    this.#options = options;
    this.#quota = new LogQuota(options.quota, options.clock);
    this.#presence = new MemoryPresence(
      (action, seen, now) =>
        this.#tell({ type: 'presence', action, key: seen.principal, object: { ...seen } }, true, now),
      options.graceMs,
    );
  }

  async start(): Promise<void> {
    const { clock } = this.#options;
    this.#stopTimer = clock.every(PASS_MS, () => this.#presence.pass(clock.now()));
  }

  get id(): string {
    return this.#options.about.report().name;
  }

  async nodes(): Promise<readonly NodeRecord[]> {
    const report = this.#options.about.report();
    return [{ ...report, id: this.id, leaseEndsAt: Number.POSITIVE_INFINITY }];
  }

  async settingsOf(): Promise<SettingHashes> {
    return this.#options.about.settings;
  }

  async redisFacts(): Promise<RedisFacts> {
    return {};
  }

  async stop(): Promise<void> {
    this.#stopTimer?.();
    for (const id of this.#records.keys()) this.remove(id, 'node stopped');
  }

  async add(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    this.#refuseTooMany(record, limits);
    const now = this.#options.clock.now();
    this.#tellOf(record, 'create', { ...record }, now);
    this.#enter(record, record.CreateTime, now);
  }

  async update(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    const before = this.#records.get(record.Id);
    if (before === undefined) return;
    if (before.Principal !== record.Principal)
      this.#refuseTooMany(record, { ...limits, perAddress: Infinity });
    const now = this.#options.clock.now();
    if (before.Principal !== record.Principal || before.ExpiresAt !== record.ExpiresAt) {
      this.#tellOf(record, 'update', { ...record }, now);
    }
    this.#leave(before, now);
    this.#enter(record, new Date(now).toISOString(), now);
  }

  remove(id: string, reason: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const now = this.#options.clock.now();
    this.#leave(record, now);
    this.#tellOf(record, 'delete', { ...record, Reason: reason }, now);
  }

  async list(query: ConnectionQuery): Promise<ConnectionPage> {
    const isVisible = visibleTo(query);
    if (query.visible.length === 0) return { records: [], total: 0 };
    const selection = new Selection(query);
    let total = 0;
    for (const record of this.#records.values()) {
      if (!isVisible(record)) continue;
      total++;
      selection.offer(record);
    }
    return { records: selection.page(), total };
  }

  async presence(principal: Principal): Promise<Presence> {
    const all = principal === UNKNOWN ? [] : (this.#byPrincipal.get(principal) ?? []);
    const selection = new Selection({ ...EVERYBODY, limit: PRESENCE_CONNECTIONS_MAX });
    for (const record of all) if (isPresence(record)) selection.offer(record);
    const connections = selection.page();
    return { ...this.#presence.of(principal, this.#options.clock.now()), connections };
  }

  async online(query: OnlineQuery): Promise<OnlinePage> {
    return this.#presence.online(query, this.#options.clock.now());
  }

  #refuseTooMany(record: ConnectionRecord, limits: RegistryLimits): void {
    const { perPrincipal = Infinity, perAddress = Infinity } = limits;
    if (!isPresence(record)) return;
    const [address, principal] = counted(record);
    if (principal !== undefined && this.#countOf(principal) >= perPrincipal) {
      throw limitReached('per_principal', record.Principal, perPrincipal);
    }
    if (this.#countOf(address) >= perAddress) throw limitReached('per_address', 'this address', perAddress);
  }

  #enter(record: ConnectionRecord, since: string, now: number): void {
    const { Id: id, Principal: principal } = record;
    this.#records.set(id, record);
    this.#byPrincipal.set(principal, (this.#byPrincipal.get(principal) ?? new Set()).add(record));
    if (!isPresence(record)) return;
    for (const name of counted(record)) this.#counts.set(name, this.#countOf(name) + 1);
    this.#presence.arrive(principal, since, now);
  }

  #leave(record: ConnectionRecord, now: number): void {
    const { Id: id, Principal: principal } = record;
    this.#records.delete(id);
    const ofPrincipal = this.#byPrincipal.get(principal);
    ofPrincipal?.delete(record);
    if (ofPrincipal?.size === 0) this.#byPrincipal.delete(principal);
    if (!isPresence(record)) return;
    for (const name of counted(record)) this.#countDown(name);
    this.#presence.leave(principal, now);
  }

  #countOf(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  #countDown(name: string): void {
    const count = this.#countOf(name) - 1;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }

  #tellOf(record: ConnectionRecord, action: string, object: Json, now: number): void {
    this.#tell({ type: 'connections', action, key: record.Principal, object }, isLogged(record), now);
  }

  /** Publishes a change. A failure of the broker is only logged, since the registry itself is right. */
  #tell(event: NewEvent, isForLog: boolean, now: number): void {
    const { publish, tell, log } = this.#options;
    const { type, action } = event;
    const timed = { ...event, time: new Date(now).toISOString() };
    const goesIntoLog = isForLog && this.#quota.take(Buffer.byteLength(JSON.stringify(timed)));
    (goesIntoLog ? publish([timed]) : tell([timed])).catch((error: unknown) =>
      log.warn({ err: error, type, action }, 'a change of the registry could not be published'),
    );
  }
}

/** The names under which a connection counts for the limits. Anonymous connections count for their address only. */
function counted({ RemoteAddr, Dialect, Principal: principal }: ConnectionRecord): [string, ...string[]] {
  const address = `address ${sortableIp(sortableAddress(RemoteAddr))}`;
  return principal === UNKNOWN ? [address] : [address, `${Dialect} ${principal}`];
}
