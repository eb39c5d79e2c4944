/**
 * What NVIDIA's driver says of a GPU in the kernel's log, the Xid errors (https://docs.nvidia.com/deploy/xid-errors/):
 *
 *     NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=node, GPU has fallen off the bus.
 *
 * Each read of /dev/kmsg gives one record (https://www.kernel.org/doc/Documentation/ABI/testing/dev-kmsg).
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Logger } from '../../../log.ts';
import type { Milli } from '../../../time.ts';

/** One error that the driver has told. */
export interface Xid {
  /** Of the GPU: domain, bus and device, e.g. `0000:3b:00`. */
  readonly pci: string;
  readonly code: number;
  /** Process whose work it was, as the host numbers them, if it is told. */
  readonly pid: number | undefined;
}

const XID = /NVRM: Xid \(PCI:([0-9a-f]+:[0-9a-f]+:[0-9a-f]+)[^)]*\): (\d+)(?:, pid='?(\d+))?/gi;
/** After these nothing runs on the GPU any more until it is reset, or what it gives is not to be trusted. */
const GPU_IS_LOST: ReadonlySet<number> = new Set([48, 62, 64, 74, 79, 95, 119, 120, 140]);
/** After these the process named has lost its work; under MPS the others of its server too, which MPS tells. */
const CLIENT_IS_LOST: ReadonlySet<number> = new Set([13, 31, 43, 69, 94]);

const POLL_EVERY: Milli = 250;
/** A record and its dictionary are shorter. */
const RECORD = 16_384;
/** Records of one poll: a log that is written faster is not read to its end at once. */
const MOST_RECORDS = 4_096;

/** Errors in a piece of the log. */
export function parseXids(text: string): Xid[] {
  return [...text.matchAll(XID)].map(([, pci, code, pid]) => ({
    pci: pci!.toLowerCase(),
    code: Number(code),
    pid: pid === undefined ? undefined : Number(pid),
  }));
}

/** Who is lost with it: all workers of the GPU, the one whose work it was, or nobody. */
export function lostBy({ code }: Xid): 'gpu' | 'client' | 'nobody' {
  if (GPU_IS_LOST.has(code)) return 'gpu';
  return CLIENT_IS_LOST.has(code) ? 'client' : 'nobody';
}

/** Whether a GPU, as nvidia-smi names its place (`00000000:3B:00.0`), is the one that the kernel names. */
export function isAt(busId: string, { pci }: Xid): boolean {
  const numbers = (place: string): string =>
    place
      .split(/[:.]/)
      .slice(0, 3)
      .map((part) => parseInt(part, 16))
      .join(':');
  return numbers(busId) === numbers(pci);
}

export interface XidWatchOptions {
  readonly onXid: (xid: Xid) => void;
  readonly log: Logger;
  /** Default the kernel's log. */
  readonly file?: string;
}

/** Reads the kernel's log where this process may: not in most containers. */
export class XidWatch {
  readonly #options: XidWatchOptions;
  readonly #record = Buffer.alloc(RECORD);
  #open: { readonly fd: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(options: XidWatchOptions) {
    this.#options = options;
  }

  /** Tells what is logged from now on. False where the log cannot be read, which it says. */
  start(): boolean {
    const { file = '/dev/kmsg', log } = this.#options;
    try {
      const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      this.#open = { fd, timer: setInterval(() => this.#poll(), POLL_EVERY) };
      // What was there before is not of now.
      while (this.#read(fd).length > 0);
      return true;
    } catch (error) {
      log.info({ err: error, file }, 'the kernel log cannot be read: lost GPUs are seen by their workers only');
      this.close();
      return false;
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#open === undefined) return;
    clearInterval(this.#open.timer);
    closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #poll(): void {
    if (this.#open === undefined) return;
    const { onXid, log } = this.#options;
    try {
      for (const xid of parseXids(this.#read(this.#open.fd))) {
        log.error(xid, 'the GPU driver reports an error');
        onXid(xid);
      }
    } catch (error) {
      log.warn({ err: error }, 'the kernel log cannot be read any more');
      this.close();
    }
  }

  /** All records that are there; empty if none is. */
  #read(fd: number): string {
    const read: string[] = [];
    while (read.length < MOST_RECORDS) {
      try {
        const bytes = readSync(fd, this.#record, 0, RECORD, null);
        if (bytes === 0) break;
        read.push(this.#record.toString('utf8', 0, bytes));
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'EAGAIN') break;
        // Records were overwritten before they were read; the next read gives the oldest that there is.
        if (code !== 'EPIPE') throw error;
      }
    }
    return read.join('');
  }
}
