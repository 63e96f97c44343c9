import { BelfryError } from '../../src/model/errors.ts';
import type {
  ConnectionPage,
  ConnectionRecord,
  Registry,
  RegistryLimits,
} from '../../src/registry/registry.ts';

/** A registry that accepts everything and keeps each call, in order. */
export class TestRegistry implements Registry {
  readonly added: { readonly record: ConnectionRecord; readonly limits: RegistryLimits }[] = [];
  readonly updated: { readonly record: ConnectionRecord; readonly limits: RegistryLimits }[] = [];
  readonly removed: { readonly id: string; readonly reason: string }[] = [];
  /** While this error is set, adding and updating reject with it. */
  failure: BelfryError | undefined;
  /** Updates wait for this promise. */
  answer: Promise<void> | undefined;
  /** This function runs once, while the next update is under way. */
  meanwhile: (() => void) | undefined;

  async add(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.added.push({ record, limits });
  }

  async update(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    this.updated.push({ record, limits });
    const run = this.meanwhile;
    this.meanwhile = undefined;
    run?.();
    await this.answer;
    if (this.failure !== undefined) throw this.failure;
  }

  remove(id: string, reason: string): void {
    this.removed.push({ id, reason });
  }

  async list(): Promise<ConnectionPage> {
    throw new BelfryError('unavailable', 'Nobody can list this registry.');
  }
}
