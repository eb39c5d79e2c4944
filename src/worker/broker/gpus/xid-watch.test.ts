import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../../test/support/patience.ts';
import { createLog } from '../../../log.ts';
import { isAt, lostBy, parseXids, XidWatch, type Xid } from './xid-watch.ts';

process.env['GUISE_LOG'] = 'silent';
/** Records as the kernel gives them. */
const RECORDS = [
  "4,1207,90210022,-;NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.\n",
  '6,1208,90210030,-;usb 1-1: new device\n',
  '4,1209,90220031,-;NVRM: Xid (PCI:0000:AF:00): 31, pid=4711, name=node, Ch 00000008, intr 10000000. MMU Fault\n',
  '4,1210,90220032,-;NVRM: Xid (PCI:0000:af:00): 63, pid=12, name=node, Row Remapper: New row marked for remapping\n',
];

test('errors are read from the kernel’s log, with the GPU and the process that they name', () => {
  const xids = parseXids(RECORDS.join(''));

  expect(xids).toEqual([
    { pci: '0000:3b:00', code: 79, pid: undefined },
    { pci: '0000:af:00', code: 31, pid: 4711 },
    { pci: '0000:af:00', code: 63, pid: 12 },
  ]);
  expect(xids.map(lostBy)).toEqual(['gpu', 'client', 'nobody']);
  expect(['00000000:3B:00.0', '00000001:3B:00.0', '00000000:AF:00.0'].map((bus) => isAt(bus, xids[0]!))).toEqual([
    true,
    false,
    false,
  ]);
});

test('a watch tells what is logged after it was started, and nothing of before', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'guise-kmsg-')), 'kmsg');
  writeFileSync(file, RECORDS[0]!);
  const told: Xid[] = [];
  const watch = new XidWatch({ file, onXid: (xid) => told.push(xid), log: createLog('test') });
  try {
    expect(watch.start()).toBe(true);
    appendFileSync(file, RECORDS[1]! + RECORDS[2]!);

    await vi.waitUntil(() => told.length > 0, PATIENCE);

    expect(told.map(({ code }) => code)).toEqual([31]);
  } finally {
    watch.close();
  }
});

test('a log that cannot be read is said, and does no harm', () => {
  const watch = new XidWatch({ file: '/nonexistent/kmsg', onXid: () => undefined, log: createLog('test') });

  expect(watch.start()).toBe(false);
  watch.close();
});
