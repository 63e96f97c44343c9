/** Control frames as a server sends them: final, unmasked, and with a length of one byte (RFC 6455, 5.5). */

const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;
const CODE_BYTES = 2;

export const PING_FRAME = Buffer.from([PING, 0]);

/** The answer to a ping with this data. */
export function pongFrame(data: Buffer): Buffer {
  return frame(PONG, data);
}

/** A close frame with what a client wrote into its own, or with what {@link closePayload} makes. */
export function closeFrame(payload: Buffer): Buffer {
  return frame(CLOSE, payload);
}

/** @param reason at most 123 bytes */
export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.allocUnsafe(CODE_BYTES + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, CODE_BYTES);
  return payload;
}

function frame(opcode: number, payload: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(2 + payload.length);
  whole[0] = opcode;
  whole[1] = payload.length;
  payload.copy(whole, 2);
  return whole;
}
