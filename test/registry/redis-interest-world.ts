import { onTestFinished } from 'vitest';
import { RedisInterest } from '../../src/registry/redis-interest.ts';
import type { InterestLimits } from '../../src/registry/interest.ts';
import type { RedisWorld } from '../broker/redis-world.ts';
import type { InterestWorld } from './interest-contract.ts';
import { RedisRegistryWorld, TIMES, type RegistryNode } from './redis-world.ts';

/** A node of a test with its interest, and how a test can harm it. */
export interface InterestNode extends RegistryNode {
  readonly interest: RedisInterest;
}

/** Interest on a real Redis, and a recorder on its log. */
export class RedisInterestWorld implements InterestWorld {
  readonly nodes: RedisRegistryWorld;
  #connection: RegistryNode['connection'] | undefined;

  private constructor(nodes: RedisRegistryWorld) {
    this.nodes = nodes;
  }

  static async make(url?: string | RedisWorld): Promise<RedisInterestWorld> {
    return new RedisInterestWorld(await RedisRegistryWorld.make(url));
  }

  get recorder() {
    return this.nodes.recorder;
  }

  pass(): void {}

  async retained(): Promise<string[]> {
    const key = `{${this.nodes.world.prefix}}:latest:interest`;
    // The connection of a node leads to the master of the keys, also on a Cluster.
    return ((await this.#connection?.ask((redis) => redis.hkeys(key))) ?? []).toSorted();
  }

  async node(limits?: Partial<InterestLimits>): Promise<RedisInterest> {
    return (await this.start({ limits })).interest;
  }

  async start({
    limits = {},
    name = 'one',
    leaseMs = TIMES.leaseMs,
  }: {
    readonly limits?: Partial<InterestLimits> | undefined;
    readonly name?: string;
    readonly leaseMs?: number;
  } = {}): Promise<InterestNode> {
    const node = await this.nodes.start({ interest: limits, name, leaseMs });
    const { registry, connection, clock, log } = node;
    const { prefix } = this.nodes.world;
    this.#connection = connection;
    const interest = new RedisInterest({
      connection,
      clock,
      log,
      prefix,
      node: registry.id,
      leaseMs,
      passMs: 50,
    });
    let isAlive = true;
    onTestFinished(async () => {
      if (isAlive) await interest.stop();
    });
    await interest.start();
    const kill = async (): Promise<void> => {
      isAlive = false;
      await node.kill();
    };
    return { ...node, interest, kill };
  }
}
