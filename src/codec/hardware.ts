import { AV_HWDEVICE_TYPE_CUDA, AV_HWDEVICE_TYPE_VAAPI, type AVHWDeviceType } from 'node-av/constants';
import { HardwareDeviceContext } from 'node-av/lib';
import { reasonOf } from './av.ts';

/** Devices that may decode and encode. */
export const HARDWARE = ['nvidia', 'vaapi'] as const;
export type Hardware = (typeof HARDWARE)[number];

/** What a codec with a device is told, and tells. */
export interface HardwareSettings {
  /** Default: none, all in software. */
  readonly hardware?: Hardware;
  /** The device did not do it, at the start or later: software does it from now on. At most once. */
  readonly onFallback?: (reason: string) => void;
}

const TYPES: Record<Hardware, AVHWDeviceType> = { nvidia: AV_HWDEVICE_TYPE_CUDA, vaapi: AV_HWDEVICE_TYPE_VAAPI };

/** Devices of this thread by kind, or why there is none. They stay open: a driver takes a second to start. */
const devices = new Map<Hardware, HardwareDeviceContext | string>();

/** The first device of its kind; a string says why there is none. */
export function openDevice(hardware: Hardware): HardwareDeviceContext | string {
  let device = devices.get(hardware);
  if (device === undefined) {
    const context = new HardwareDeviceContext();
    const result = context.create(TYPES[hardware], null, null);
    device = result < 0 ? `no ${hardware} device [cause:${reasonOf(result)}]` : context;
    devices.set(hardware, device);
  }
  return device;
}
