const FINAL_TEXT = 0x81;
const MASKED = 0x80;

/** A text frame of a client. The protocol demands a mask from a client; a mask of zeros leaves the payload as it is. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(payload.length < 126 ? 6 : payload.length < 65_536 ? 8 : 14);
  header[0] = FINAL_TEXT;
  if (payload.length < 126) header[1] = MASKED | payload.length;
  else if (payload.length < 65_536) {
    header[1] = MASKED | 126;
    header.writeUInt16BE(payload.length, 2);
  } else {
    header[1] = MASKED | 127;
    header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([header, payload]);
}
