/** The only door to node-datachannel (libdatachannel in native code), which is loaded when it is first asked for. */
import type * as library from 'node-datachannel';
import type { IceUdpMuxListener, LogLevel, PeerConnection, Track } from 'node-datachannel';
import { GatewayError } from '../../../errors.ts';

export type { IceUdpMuxListener, PeerConnection, Track };
export type Library = typeof library;

let loading: Promise<Library> | undefined;

/**
 * Loads the library once a process.
 * @throws GatewayError transport_unavailable where the package or its native part for this machine is not installed
 */
export function loadLibrary(): Promise<Library> {
  loading ??= load(() => import('node-datachannel'));
  return loading;
}

/** @throws GatewayError transport_unavailable */
export async function load(open: () => Promise<Library>): Promise<Library> {
  try {
    const library = await open();
    // Strangers could fill a log with what they send, and its text holds addresses. 'None' is no level of its types, but
    // the native side takes any other word for it, and without a listener it would write to standard error.
    // Else it would end and start its threads each time that a process has no session for a moment.
    library.preload();
    library.initLogger('None' as LogLevel, () => undefined);
    return library;
  } catch (cause) {
    throw new GatewayError(
      'transport_unavailable',
      'node-datachannel must be installed with its native part for media.transport "libdatachannel": run ' +
        '"npm ci --include=optional" on a machine that it is built for (Linux, macOS, Windows on x64 or arm64), or set ' +
        'media.transport (GUISE_MEDIA_TRANSPORT) to "werift"',
      { cause },
    );
  }
}
