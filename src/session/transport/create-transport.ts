import type { Clock } from '../../time.ts';
import { DATACHANNEL_CAPABILITIES, DatachannelTransport } from './datachannel/datachannel-transport.ts';
import { loadLibrary } from './datachannel/library.ts';
import type { TransportName, TransportSettings } from './transport-settings.ts';
import type { Transport, TransportCapabilities, TransportEvents } from './transport.ts';
import { WERIFT_CAPABILITIES, WeriftTransport } from './werift-transport.ts';

/** Makes the transport of one session. */
export type CreateTransport = (settings: TransportSettings, events: TransportEvents, clock: Clock) => Transport;

/** What each declares. */
export const CAPABILITIES: Readonly<Record<TransportName, TransportCapabilities>> = {
  werift: WERIFT_CAPABILITIES,
  libdatachannel: DATACHANNEL_CAPABILITIES,
};

/**
 * Makes a transport ready for this process; native code is loaded only for the one that needs it.
 * @throws GatewayError transport_unavailable
 */
export async function prepareTransport(name: TransportName): Promise<CreateTransport> {
  if (name === 'werift') return (settings, events, clock) => new WeriftTransport(settings, events, clock);
  const library = await loadLibrary();
  return (settings, events, clock) => new DatachannelTransport(library, settings, events, clock);
}
