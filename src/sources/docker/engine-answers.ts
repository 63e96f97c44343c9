/** What the engine answers, as far as a source reads it. Whatever else an answer holds is passed over. */
import { z } from 'zod';

/** One container of the list. Its first name is the one that it was given; the others are links to it. */
export const listedContainer = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  Image: z.string().catch(''),
  Labels: z.record(z.string(), z.string()).nullish(),
  State: z.string(),
  /** In words: `Up 2 hours (healthy)`, `Exited (137) 3 seconds ago`. */
  Status: z.string().catch(''),
  Created: z.number().catch(0),
});

/** All that the engine says of one container. */
export const inspectedContainer = z.object({
  Id: z.string(),
  Name: z.string(),
  /** RFC 3339. */
  Created: z.string(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number().catch(0),
    Health: z.object({ Status: z.string() }).optional().catch(undefined),
  }),
  Config: z.object({
    Image: z.string().catch(''),
    Labels: z.record(z.string(), z.string()).nullish(),
    Tty: z.boolean(),
  }),
});

export const engineEvent = z.object({
  /** `container`, `image`, `network`, `volume`, `daemon` and others. */
  Type: z.string(),
  /** Such as `start`; some have more after a colon: `health_status: healthy`. */
  Action: z.string(),
  Actor: z.object({ ID: z.string().catch(''), Attributes: z.record(z.string(), z.string()).nullish() }),
  time: z.number(),
  timeNano: z.number().optional(),
});

const count = z.number().catch(0);

/** A sample of what a container uses. An engine leaves out what its system does not count. */
export const statsSample = z.object({
  read: z.string(),
  pids_stats: z.object({ current: count }).catch({ current: 0 }),
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: count, percpu_usage: z.array(z.number()).nullish() }),
    system_cpu_usage: count,
    online_cpus: count,
  }),
  precpu_stats: z.object({
    cpu_usage: z.object({ total_usage: count }),
    system_cpu_usage: count,
  }),
  memory_stats: z
    .object({ usage: count, limit: count, stats: z.record(z.string(), z.number()).catch({}) })
    .catch({ usage: 0, limit: 0, stats: {} }),
  networks: z.record(z.string(), z.object({ rx_bytes: count, tx_bytes: count })).catch({}),
  blkio_stats: z
    .object({ io_service_bytes_recursive: z.array(z.object({ op: z.string(), value: count })).nullish() })
    .catch({}),
});

export const containerList = z.array(listedContainer);

export type InspectedContainer = z.infer<typeof inspectedContainer>;
export type ListedContainer = z.infer<typeof listedContainer>;
export type EngineEvent = z.infer<typeof engineEvent>;
export type StatsSample = z.infer<typeof statsSample>;
