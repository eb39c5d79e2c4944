import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  useNACK,
  usePLI,
  useSdesMid,
  type RTCDtlsTransport,
  type RtpPacket,
} from 'werift';
import type { SendCodec } from '../../../src/codec/codec.ts';
import type { RtpTicks } from '../../../src/time.ts';
import type { Signalling } from './signalling.ts';

const MIME: Record<SendCodec, string> = { vp8: 'video/VP8', h264: 'video/H264', vp9: 'video/VP9' };

/** What comes back. */
export interface PeerEvents {
  onRtp(packet: RtpPacket): void;
  /** The gateway asks for a keyframe. */
  onKeyframeRequest(): void;
}

/** The WebRTC side of one caller: one video line both ways, packets as they are. */
export class Peer {
  readonly #connection: RTCPeerConnection;
  readonly #transport: RTCDtlsTransport;
  readonly #ssrc: number;
  readonly #payloadType: number;
  #sequence: number;

  private constructor(connection: RTCPeerConnection, ssrc: number, payloadType: number, events: PeerEvents) {
    const [transport] = connection.dtlsTransports;
    if (!transport) throw new Error('an answered connection has a transport');
    this.#connection = connection;
    this.#transport = transport;
    this.#ssrc = ssrc;
    this.#payloadType = payloadType;
    this.#sequence = ssrc & 0xffff;
    // werift's own receivers would depacketise and report; here only arrival counts.
    transport.onRtp.allUnsubscribe();
    transport.onRtp.subscribe((packet) => events.onRtp(packet));
    transport.onRtcp.subscribe((packet) => {
      // Payload-specific feedback (RFC 4585 §6.3): format 1 is a PLI, 4 a FIR.
      const feedback = packet as { type: number; feedback?: { count: number } };
      if (feedback.type === 206 && [1, 4].includes(feedback.feedback?.count ?? 0)) events.onKeyframeRequest();
    });
  }

  /** Offers, and waits until packets can flow. @param onOffer called when the offer goes out */
  static async connect(
    signalling: Signalling,
    codec: SendCodec,
    events: PeerEvents,
    onOffer: () => void = () => undefined,
  ): Promise<Peer> {
    const parameters = codec === 'h264' ? 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' : '';
    const connection = new RTCPeerConnection({
      // An address that answers nothing: an empty list would make werift ask a public server.
      iceServers: [{ urls: 'stun:127.0.0.1:9' }],
      iceStunGatherTimeout: 0.05,
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      bundlePolicy: 'max-bundle',
      codecs: {
        video: [
          new RTCRtpCodecParameters({
            mimeType: MIME[codec],
            clockRate: 90_000,
            rtcpFeedback: [useNACK(), usePLI()],
            parameters,
          }),
        ],
        audio: [],
      },
      headerExtensions: { video: [useSdesMid()] },
    });
    const transceiver = connection.addTransceiver('video', { direction: 'sendrecv' });
    await connection.setLocalDescription(await connection.createOffer());
    const connected = new Promise<void>((resolve) => {
      connection.connectionStateChange.subscribe((state) => {
        if (state === 'connected') resolve();
      });
    });
    onOffer();
    signalling.send({ type: 'offer', sdp: connection.localDescription!.sdp });
    const { sdp } = await signalling.next('answer');
    await connection.setRemoteDescription({ type: 'answer', sdp });
    if (connection.connectionState !== 'connected') await connected;
    const payloadType = Number(/^m=video \S+ \S+ (\d+)/m.exec(sdp)?.[1]);
    return new Peer(connection, transceiver.sender.ssrc, payloadType, events);
  }

  /** Sends one RTP packet. */
  send(payload: Uint8Array, timestamp: RtpTicks, marker: boolean): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const header = new RtpHeader({
      version: 2,
      padding: false,
      extension: false,
      marker,
      payloadType: this.#payloadType,
      sequenceNumber: this.#sequence,
      timestamp,
      ssrc: this.#ssrc,
      csrc: [],
      extensions: [],
    });
    void this.#transport.sendRtp(Buffer.from(payload), header);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
