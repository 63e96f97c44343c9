import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SATURATED, type FleetReport } from '../../src/clients/load/fleet.ts';
import { clientFrame } from './client-frame.ts';
import type { Connected, ConnectOptions, LoadClient, SettleOptions } from './load.ts';
import { membersFrom, type BenchMember } from './members.ts';
import { Program } from './native.ts';
import type { Rule, Script } from './peers/peer.ts';
import { LOAD_CORE, temporaryDirectory } from './processes.ts';

const STALLS = 1;
const WAITS = 2;
const BATCHES = 4;
const STREAMS = 8;

/** The load client in C, which is told what to do by lines on its stdin. */
export class NativeLoad implements LoadClient {
  readonly #program: Program;
  readonly #directory = temporaryDirectory();
  #open = 0;
  #fills = 0;

  constructor(file: string) {
    this.#program = new Program(LOAD_CORE, file);
  }

  get child(): ChildProcess {
    return this.#program.child;
  }

  async connect(options: ConnectOptions): Promise<Connected> {
    const members = membersFrom(this.#open, options);
    if (members.length === 0) return { opened: 0, ms: 0, beganMs: 0 };
    const file = join(this.#directory, `fill-${this.#fills++}`);
    writeFileSync(file, encoded(members));
    const filled = await this.#program.ask<Connected>(`fill ${file}`);
    this.#open += filled.opened;
    return filled;
  }

  async clear(): Promise<void> {
    await this.#program.ask('clear');
  }

  async settle({ events, withinMs, quietMs }: SettleOptions): Promise<number> {
    const { ms } = await this.#program.ask<{ ms: number }>(`settle ${events} ${withinMs} ${quietMs}`);
    return ms;
  }

  async report(): Promise<FleetReport> {
    const report = await this.#program.ask<Omit<FleetReport, 'saturated'>>('report');
    this.#open = report.open;
    return { ...report, saturated: report.busy > SATURATED };
  }
}

/** The clients in the format that the program reads. */
export function encoded(members: readonly BenchMember[]): Buffer {
  const rules = members.find(({ script }) => script.rules !== undefined)?.script.rules ?? [];
  const parts = [number(rules.length), ...rules.flatMap(ruleParts), number(members.length)];
  for (const { index, port, script, stalls } of members) {
    const { hello = [], batches = false, streams = false } = script;
    const waits = script.rules !== undefined;
    const flags =
      (stalls ? STALLS : 0) | (waits ? WAITS : 0) | (batches ? BATCHES : 0) | (streams ? STREAMS : 0);
    parts.push(number(index), number(port), number(flags), bytes(Buffer.from(handshakeOf(script, port))));
    parts.push(bytes(Buffer.concat(hello.map(clientFrame))));
  }
  return Buffer.concat(parts);
}

function ruleParts({ begins = '', contains = '', reply, stands }: Rule): Buffer[] {
  const answer = reply === undefined ? Buffer.alloc(0) : clientFrame(reply);
  return [
    bytes(Buffer.from(begins)),
    bytes(Buffer.from(contains)),
    bytes(answer),
    number(stands === true ? 1 : 0),
  ];
}

function handshakeOf({ path, streams }: Script, port: number): string {
  const upgrade = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ];
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...(streams === true ? ['Accept: text/event-stream'] : upgrade),
    '\r\n',
  ].join('\r\n');
}

function bytes(content: Buffer): Buffer {
  return Buffer.concat([number(content.length), content]);
}

function number(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return four;
}
