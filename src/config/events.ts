import { DEFAULT_INTEREST, INTEREST_HOLD_MS } from '../model/interest.ts';
import { interestRule } from './interest.ts';
import { count, DAY_MS, GIB, matching, MIB, named, onOrOff, rows, structure, whole } from './forms.ts';
import { redactionRule } from './redaction.ts';
import { retentionRule } from './retention.ts';

/** No space, control character or other character that a URI never has. */
const URI = /^[^\p{Cc}\s<>"{}|\\^`]+$/u;

/** The settings about events: the log, what is kept beside the log, and what is masked. */
export const eventSettings = () => ({
  shards: whole(1, 256, 1).describe(
    'Into how many shards the events are divided, of which each has a log of its own, so that the masters of a Redis Cluster share the work. It must be the same at all nodes of a hub.',
  ),
  shardFans: structure(named(count(1, 256)))
    .default({})
    .describe(
      'Over how many shards the events of a type are spread by their keys: {type: shards}. The events of any other type lie in one shard. It must be the same at all nodes of a hub.',
    ),
  logMaxEvents: whole(1, 100_000_000, 100_000).describe(
    'Events that the log keeps at most. Where there are several shards, each of their logs has an equal part of this and of the two settings for bytes below.',
  ),
  logMaxBytes: whole(MIB, 1_024 * GIB, 256 * MIB).describe(
    'Bytes of JSON that the events of the log have at most; the oldest are trimmed.',
  ),
  logMaxAgeMs: whole(1_000, 365 * DAY_MS, DAY_MS).describe('How long the log keeps an event.'),
  retainedMaxBytes: whole(MIB, 1_024 * GIB, 256 * MIB).describe(
    'Bytes that tails and latest values take at most; what was written to least recently is dropped, counted and logged.',
  ),
  ingressMaxBytes: whole(MIB, 1_024 * GIB, 256 * MIB).describe(
    'Bytes of memory that the ingress in Redis takes at most; what has waited longest is dropped, counted and logged.',
  ),
  retention: structure(rows(retentionRule))
    .default([])
    .describe(
      'What is kept beside the log, before the rules that are built in: [{pattern, last?, ttlMs?} or {pattern, latest: true}].',
    ),
  interest: structure(rows(interestRule))
    .default([...DEFAULT_INTEREST])
    .describe(
      'Topics of which the hub tells when somebody begins to listen to them, and when nobody does any more: [{pattern, wildcards?}]. With wildcards: true, subscriptions to more than single topics count as well. [] switches it off.',
    ),
  interestHoldMs: whole(0, DAY_MS, INTEREST_HOLD_MS).describe(
    'How long nobody must listen to a topic before the hub tells that.',
  ),
  redaction: structure(rows(redactionRule))
    .default([])
    .describe(
      'What is masked in events, beside the usual names of secrets: [{fields: [name or path], events?: pattern, except?: [role]}].',
    ),
  redactionDefaults: onOrOff()
    .default('on')
    .describe(
      'Whether the usual names of passwords, tokens, secrets and keys, and passwords in URLs, are masked for everybody.',
    ),
  cloudeventsSource: matching(URI, 'a URI, such as https://hub.example.com/')
    .default('/belfry')
    .describe(
      'The source of the CloudEvents that the hub makes of events which did not come in as CloudEvents.',
    ),
});
