import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { micros } from '../../src/clients/load/mark.ts';
import { EVENTS_A_REQUEST, type Entry } from './entries.ts';
import { eventTexts, topicOf } from './event-text.ts';
import type { EntryRun, Failover, Run } from './figures.ts';
import type { ReplayOptions } from './replay.ts';
import { shardTopics } from './shards.ts';
import type { Stage } from './stage.ts';

/** Deliveries that are under way when the last event is published have this much time to arrive. */
const GRACE_MS = 5_000;
const QUIET_MS = 700;
/** After a run through an entry point the server has this much time to hear what it has not heard yet. */
const HEARD_WITHIN_MS = 30_000;
const NEVER_MS = 3_600_000;
const LOOK_EVERY_MS = 20;
/** As many events at most are published while the clients of a killed node are away, to as many topics. */
const MISSED = 1_000;
const MISSED_WITHIN_MS = 500;

/** Publishes at this rate for this long, and waits for the deliveries that are under way. */
export async function runAt(stage: Stage, rate: number, ms: number): Promise<Run> {
  await stage.fill();
  const { word, size, topics, perEvent } = stage.scenario;
  const usage = stage.usage();
  await stage.load.clear();
  const published = await stage.publisher.ask('run', { rate, ms, word, size, topics });
  const expected = Math.floor(published.count * perEvent);
  const tookMs = await stage.load.settle({ events: expected, withinMs: GRACE_MS, quietMs: QUIET_MS });
  const report = await stage.load.report();
  const { server: cpu, others } = usage();
  const lasted = Math.max(ms, tookMs);
  return {
    ...report,
    published,
    rate,
    expected,
    deliveriesPerS: (report.events / lasted) * 1_000,
    cpuUsPerDelivery: (cpu * 1_000) / report.events,
    cpuUsPerEvent: (cpu * 1_000) / published.count,
    serverBusy: cpu / lasted / stage.nodes,
    othersBusy: others / lasted / availableParallelism(),
  };
}

/** Publishes by the entry point of the scenario, and waits until the server has told a client the last event. */
export async function replayOn(stage: Stage, options: ReplayOptions): Promise<EntryRun> {
  const { scenario, replayer } = stage;
  if (scenario.by === undefined || replayer === undefined)
    throw new Error('The scenario has no entry point.');
  const topics = shardTopics(scenario.shards);
  if ((await stage.fill()) > 0)
    await replayer.open(topics.map(({ published }) => shareOf(stage, entryOf(stage, topicOf(published)))));
  const usage = stage.usage();
  await stage.load.clear();
  const last = entryOf(stage, topicOf(topics[0]?.wanted ?? 0)).request;
  const replayed = await replayer.replay(options, last);
  const lasted = await stage.load.settle({ events: 1, withinMs: HEARD_WITHIN_MS, quietMs: NEVER_MS });
  const { events: heard } = await stage.load.report();
  const used = usage();
  const events = replayed.accepted * EVENTS_A_REQUEST[scenario.by];
  return {
    ...replayed,
    events,
    isHeard: heard > 0,
    eventsPerS: (events / lasted) * 1_000,
    serverUsPerEvent: (used.server * 1_000) / events,
    redisUsPerEvent: (used.redis * 1_000) / events,
    masterUsPerEvent: (used.redis * 1_000) / events / stage.masters,
    serverBusy: used.server / lasted,
    redisBusy: used.redis / lasted,
    clientBusy: used.publisher / lasted,
    othersBusy: used.others / lasted / availableParallelism(),
  };
}

/** The shards share the window, so that as many requests are under way at each master as at one that has no shards. */
function shareOf({ masters, scenario }: Stage, entry: Entry): Entry {
  return { ...entry, window: Math.ceil((entry.window * masters) / scenario.shards) };
}

function entryOf({ peer, scenario, first }: Stage, topic: string): Entry {
  const { by = 'live', word, size } = scenario;
  const text = eventTexts(word, size)(topic, micros(), 0);
  const events = Array.from({ length: EVENTS_A_REQUEST[by] }, () => ({ topic, text }));
  const entry = peer.entry?.(by, first, events);
  if (entry === undefined) throw new Error(`${peer.name} has no entry point "${by}".`);
  return entry;
}

/**
 * Kills the node that holds all connections, publishes while they are away, and opens them again on the other node, where
 * a peer with a log resumes them. The time ends with the last connection that is open and the last missed event.
 */
export async function failOver(stage: Stage): Promise<Failover> {
  const { word, size } = stage.scenario;
  const [doomed, other] = stage.setups;
  if (doomed === undefined || other === undefined) throw new Error('A failover needs two nodes.');
  await stage.connect({ to: [doomed] });
  await stage.publisher.ask('open', { peer: stage.peer.name, setup: other, durable: true });
  const since = await stage.publisher.ask('publishOne', { word, size, topic: topicOf(0) });
  await stage.load.settle({ events: 1, withinMs: GRACE_MS, quietMs: GRACE_MS });
  await stage.kill(doomed.node);
  while ((await stage.load.report()).open > 0) await sleep(LOOK_EVERY_MS);
  const missed = Math.min(MISSED, stage.connections);
  const rate = missed / (MISSED_WITHIN_MS / 1_000);
  await stage.publisher.ask('run', { rate, ms: MISSED_WITHIN_MS, word, size, topics: missed });
  const usage = stage.usage();
  await stage.load.clear();
  const { ms, opened, beganMs } = await stage.connect({
    to: [other],
    ...(stage.peer.resumes === true && { since }),
  });
  const wanted = stage.peer.resumes === true ? missed : 0;
  const lastMs = await stage.load.settle({ events: wanted, withinMs: HEARD_WITHIN_MS, quietMs: GRACE_MS });
  const { events: heard, busy } = await stage.load.report();
  const { server, others } = usage();
  const backMs = Math.max(ms, lastMs - beganMs);
  return {
    backMs,
    connected: opened,
    heard,
    wanted,
    serverMs: server,
    busy,
    othersBusy: others / backMs / availableParallelism(),
  };
}
