/** Some 50 packets. One that is kept for a resend keeps its block, for two seconds at most. */
const BLOCK = 64 * 1024;

let block = new ArrayBuffer(0);
let used = 0;

/**
 * Bytes for one outgoing packet, with whatever was in them before, out of a block that it shares with others: a block of
 * its own, cleared first, costs more than all that is written into it. Only for what lives for seconds.
 */
export function packetBytes(size: number): Uint8Array {
  if (used + size > block.byteLength) {
    block = new ArrayBuffer(Math.max(BLOCK, size));
    used = 0;
  }
  const bytes = new Uint8Array(block, used, size);
  used += size;
  return bytes;
}
