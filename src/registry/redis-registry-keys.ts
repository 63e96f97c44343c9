import type { Result } from 'ioredis';
import { readFileSync } from 'node:fs';
import { bound } from '../model/bound.ts';
import type { Principal } from '../model/principal.ts';
import type { InterestLimits } from './interest.ts';
import { QUOTA_BYTES, type QuotaRates } from './log-quota.ts';
import { SEEN_MS } from './registry.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** connection-change.lua, under the name that {@link registryScripts} gives it. */
    belfryChange(keyCount: number, ...keysAndArguments: string[]): Result<number[], Context>;
    /** node-lease.lua */
    belfryNodeLease(keyCount: number, ...keysAndArguments: string[]): Result<number[], Context>;
    /** interest-change.lua */
    belfryInterest(keyCount: number, ...keysAndArguments: string[]): Result<number[], Context>;
  }
}

const REAPED_MS = bound(
  'time within which a node that was taken for dead may come back with its connections',
  3_600_000,
  'ms',
  'it comes back as a new one',
);

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/**
 * The scripts that the connection of a {@link RedisRegistry} and its `RedisInterest` needs.
 * @param publishing Lua with the function `publish(log, events, kinds)`, by which the broker appends to its log
 */
export function registryScripts(
  publishing: string,
  { burst, perMs }: QuotaRates,
  { holdMs, maxTopics, quota: ofInterest }: InterestLimits,
): Record<'belfryChange' | 'belfryNodeLease' | 'belfryInterest', { lua: string }> {
  const quota = `{ burst = ${burst}, per_ms = ${perMs}, bytes = ${QUOTA_BYTES} }`;
  const limits = `{ hold_ms = ${holdMs}, topics = ${maxTopics}, burst = ${ofInterest.burst}, per_ms = ${ofInterest.perMs} }`;
  const shared = `${publishing}\nlocal SEEN_MS, REAPED_MS, QUOTA = ${SEEN_MS}, ${REAPED_MS}, ${quota}\n${read('registry.lua')}`;
  const interest = `${shared}\nlocal INTEREST = ${limits}\n${read('interest.lua')}`;
  return {
    belfryChange: { lua: `${shared}\n${read('connection-change.lua')}` },
    belfryNodeLease: { lua: `${interest}\n${read('node-lease.lua')}` },
    belfryInterest: { lua: `${interest}\n${read('interest-change.lua')}` },
  };
}

/** The keys of the registry in Redis; registry.lua says what each of them holds. */
export function registryKeys(prefix: string) {
  return {
    log: `{${prefix}}:log`,
    rows: `{${prefix}}:conn`,
    known: `{${prefix}}:conn:known`,
    of: (principal: Principal) => `{${prefix}}:conn:of:${encodePrincipal(principal)}`,
    heldBy: (node: string) => `{${prefix}}:conn:node:${node}`,
    leaving: `{${prefix}}:conn:leaving`,
    listenedOn: (node: string) => `{${prefix}}:interest:node:${node}`,
    nodes: `{${prefix}}:nodes`,
    reports: `{${prefix}}:nodes:reports`,
    settings: `{${prefix}}:nodes:settings`,
    present: `{${prefix}}:present`,
    presence: (principal: Principal) => `{${prefix}}:presence:${encodePrincipal(principal)}`,
  };
}

export type RegistryKeys = ReturnType<typeof registryKeys>;

/** The inverse of {@link encodePrincipal}. */
export function decodePrincipal(text: string): Principal {
  return JSON.parse(`"${text}"`) as Principal;
}

/** A principal as JSON writes it, without the quotes. It is one line, and for nearly all principals the same text. */
export function encodePrincipal(principal: Principal): string {
  return JSON.stringify(principal).slice(1, -1);
}
