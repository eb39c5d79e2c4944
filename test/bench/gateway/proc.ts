import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second of the times in /proc/PID/stat (USER_HZ, 100 on every Linux that Node runs on). */
const TICKS = 100;

/** A process and all its descendants. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? statOf(pid)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** Seconds of processor that the processes have used. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0), 0) / TICKS;
}

/** The one of the processes that uses most processor over half a second. */
export async function busiestOf(pids: readonly number[]): Promise<number> {
  const before = pids.map((pid) => cpuSeconds([pid]));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const used = pids.map((pid, index) => ({ pid, used: cpuSeconds([pid]) - before[index]! }));
  const [busiest] = used.sort((a, b) => b.used - a.used);
  if (busiest === undefined) throw new Error('there must be such a process');
  return busiest.pid;
}

/** The program and arguments that a process was started with; empty if it has ended. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
}

/**
 * Bytes of memory that the processes hold: what is their own, and of the files that they map, programs and libraries, as much as the one that
 * maps most. A share of mapped pages (PSS) would be smaller as soon as any other program on the machine maps the same files.
 */
export function residentBytes(pids: readonly number[]): number {
  const held = pids.map(memoryOf);
  return held.reduce((sum, { own }) => sum + own, 0) + Math.max(...held.map(({ mapped }) => mapped));
}

function memoryOf(pid: number): { readonly own: number; readonly mapped: number } {
  const text = read(`/proc/${pid}/smaps_rollup`) ?? '';
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const own = bytes('Anonymous');
  return { own, mapped: bytes('Rss') - own };
}

/** A thread of a process. */
export interface ThreadName {
  readonly pid: number;
  readonly thread: number;
}

/** The thread of Node's that uses most over a second, beside the main one: of a media worker with one session, its pixel thread. */
export async function busiestThread(pid: number): Promise<ThreadName> {
  const before = nodeThreads(pid);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const used = nodeThreads(pid).map(({ thread, ticks }) => ({
    thread,
    used: ticks - (before.find((each) => each.thread === thread)?.ticks ?? 0),
  }));
  const [busiest] = used.sort((a, b) => b.used - a.used);
  if (busiest === undefined) throw new Error('the process must have more threads than its main one');
  return { pid, thread: busiest.thread };
}

/** Seconds of processor that a thread has used. */
export function threadCpuSeconds({ pid, thread }: ThreadName): number {
  return (statOf(pid, `/task/${thread}`)?.ticks ?? 0) / TICKS;
}

/** Native libraries name their threads otherwise. */
function nodeThreads(pid: number): { readonly thread: number; readonly ticks: number }[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .filter((thread) => thread !== pid && read(`/proc/${pid}/task/${thread}/comm`)?.trim() === 'node')
    .map((thread) => ({ thread, ticks: statOf(pid, `/task/${thread}`)?.ticks ?? 0 }));
}

function statOf(pid: number, task = ''): { readonly parent: number; readonly ticks: number } | undefined {
  const text = read(`/proc/${pid}${task}/stat`);
  if (text === undefined) return undefined;
  // The name in parentheses may hold spaces: fields count from behind it (proc(5): 4 ppid, 14 utime, 15 stime).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}
