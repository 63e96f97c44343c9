import { isJsonObject, type Json } from '../../../src/model/json.ts';

/** Encodes the part of MessagePack in which the Redis adapter of Socket.IO receives an event. */
export function packed(value: Json): Buffer {
  const parts: Buffer[] = [];
  pack(value, parts);
  return Buffer.concat(parts);
}

function pack(value: Json, parts: Buffer[]): void {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    parts.push(header(0xda, text.length), text);
  } else if (Array.isArray(value)) {
    parts.push(header(0xdc, value.length));
    for (const item of value as readonly Json[]) pack(item, parts);
  } else if (isJsonObject(value)) {
    const entries = Object.entries(value);
    parts.push(header(0xde, entries.length));
    for (const [name, item] of entries) {
      pack(name, parts);
      pack(item, parts);
    }
  } else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 128) {
    parts.push(Buffer.from([value]));
  } else {
    throw new TypeError(
      `Cannot pack ${JSON.stringify(value)}. Expected text, a list, an object or a number below 128.`,
    );
  }
}

/** The header of a value whose length has 16 bits. */
function header(kind: number, length: number): Buffer {
  return Buffer.from([kind, length >> 8, length & 0xff]);
}
