import type { Transport, TransportEvents } from '../../src/session/transport/transport.ts';
import { WeriftTransport, type TransportSettings } from '../../src/session/transport/werift-transport.ts';
import { monotonic } from '../../src/time.ts';

/** Told of each whole packet that passes; what `received` and `sent` answer with `false` is lost. */
export interface Taps {
  readonly received: (packet: Uint8Array) => boolean;
  readonly sent: (packet: Uint8Array) => boolean;
  readonly receivedRtcp?: (packet: Uint8Array) => void;
}

/** A transport on the loopback that lets `taps` look at all RTP, both ways. */
export function tappedTransport(events: TransportEvents, taps: Taps, settings: TransportSettings = {}): Transport {
  const transport = new WeriftTransport(
    { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }], ...settings },
    {
      onRtp: (packet) => {
        if (taps.received(packet.data)) events.onRtp(packet);
      },
      onRtcp: (packet) => {
        taps.receivedRtcp?.(packet.data);
        events.onRtcp(packet);
      },
      onState: (state, reason) => events.onState(state, reason),
    },
    monotonic,
  );
  return {
    get state() {
      return transport.state;
    },
    answer: (offer) => transport.answer(offer),
    addCandidate: (candidate, mid) => transport.addCandidate(candidate, mid),
    sendRtp: (packet) => {
      if (taps.sent(packet)) transport.sendRtp(packet);
    },
    sendRtcp: (packet) => transport.sendRtcp(packet),
    close: () => transport.close(),
  };
}
