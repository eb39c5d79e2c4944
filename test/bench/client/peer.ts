import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  useNACK,
  usePLI,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
  type RTCDtlsTransport,
} from 'werift';
import type { SendCodec } from '../../../src/codec/codec.ts';
import { parseRtcp } from '../../../src/rtp/rtcp/parse.ts';
import type { RtcpPacket } from '../../../src/rtp/rtcp/rtcp-packet.ts';
import { serializeRtcp } from '../../../src/rtp/rtcp/serialize.ts';
import type { Milli } from '../../../src/time.ts';
import { withoutCandidates } from '../../relay/answer.ts';
import { readNegotiated, type Negotiated } from './ends/negotiated.ts';
import type { ClientPacket } from './ends/sending-end.ts';

const MIME: Record<SendCodec, string> = { vp8: 'video/VP8', h264: 'video/H264', vp9: 'video/VP9' };
const PARAMETERS: Record<SendCodec, string> = {
  vp8: '',
  h264: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  vp9: 'profile-id=0',
};
/** RTP header extensions of one byte an element, RFC 8285 §4.2. */
const ONE_BYTE = 0xbede;
/** A call connects within a second, on a busy machine within three. */
const CONNECT_LIMIT: Milli = 30_000;

/** What comes, decrypted: whole packets. */
export interface PeerEvents {
  onRtp(data: Uint8Array): void;
  onRtcp(packets: readonly RtcpPacket[]): void;
}

/** How an offer reaches the gateway: by its own signalling, by WHIP or by WHEP. */
export interface Door {
  /** Gives the answer. */
  offer(sdp: string): Promise<string>;
  /** Idempotent. */
  close(): void | Promise<void>;
}

export interface PeerOptions {
  readonly codec: SendCodec;
  /** Default both ways. */
  readonly direction?: 'sendrecv' | 'recvonly';
  /** The answer as the client is to see it, e.g. by way of a relay. Default: as it is. */
  readonly through?: (answer: string) => Promise<string>;
  /** Called when the offer goes out. */
  readonly onOffer?: () => void;
}

/** What werift's types do not show of its ICE agent: its sockets. */
interface WithSockets {
  readonly protocols: readonly { readonly transport: { onData: (packet: Buffer, from: [string, number]) => void } }[];
}

/** The WebRTC side of one caller: one video line both ways, packets as they are. */
export class Peer {
  readonly negotiated: Negotiated;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly #connection: RTCPeerConnection;
  readonly #transport: RTCDtlsTransport;
  #transportSequence = 0;

  private constructor(
    connection: RTCPeerConnection,
    { ssrc, rtxSsrc }: { readonly ssrc: number; readonly rtxSsrc: number },
    negotiated: Negotiated,
  ) {
    const [transport] = connection.dtlsTransports;
    if (!transport) throw new Error('an answered connection has a transport');
    this.negotiated = negotiated;
    this.ssrc = ssrc;
    this.rtxSsrc = rtxSsrc;
    this.#connection = connection;
    this.#transport = transport;
    // werift's own receivers and senders would report and resend in their own way.
    transport.onRtp.allUnsubscribe();
    transport.onRtcp.allUnsubscribe();
  }

  /** Offers, and waits until packets can flow. */
  static async connect(door: Pick<Door, 'offer'>, options: PeerOptions): Promise<Peer> {
    const { codec, direction = 'sendrecv', through = (answer) => Promise.resolve(answer), onOffer } = options;
    const connection = new RTCPeerConnection(configuration(codec));
    const { sender } = connection.addTransceiver('video', { direction });
    await connection.setLocalDescription(await connection.createOffer());
    const connected = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        const { iceConnectionState: ice, dtlsTransports } = connection;
        reject(new Error(`the call must connect within 30 s [ice:${ice}] [dtls:${dtlsTransports[0]?.state}]`));
      }, CONNECT_LIMIT);
      connection.connectionStateChange.subscribe((state) => {
        if (state === 'connected') resolve();
      });
    });
    // It may be over before it is awaited below, and after the call was given up.
    connected.catch(() => undefined);
    onOffer?.();
    const sdp = await through(await door.offer(withoutCandidates(connection.localDescription!.sdp)));
    await connection.setRemoteDescription({ type: 'answer', sdp });
    if (connection.connectionState !== 'connected') await connected;
    return new Peer(connection, sender, readNegotiated(sdp));
  }

  /** Tells of all packets from now on. Whole ones: werift's own objects lose what their parser does not know. */
  listen(events: PeerEvents): void {
    const { srtp, srtcp } = this.#transport;
    const [rtp, rtcp] = [srtp.decrypt, srtcp.decrypt];
    srtp.decrypt = (data) => {
      const plain = rtp(data);
      events.onRtp(plain);
      return plain;
    };
    srtcp.decrypt = (data) => {
      const plain = rtcp(data);
      events.onRtcp(parseRtcp(plain));
      return plain;
    };
  }

  /**
   * Tells of SRTP packets as they come from the socket: neither opened nor looked at by werift, whose way from the socket
   * up costs more than all that is wanted of a packet that is only counted. Nothing else that comes is lost.
   */
  tap(onMedia: (packet: Buffer) => void): void {
    const connections = this.#connection.iceTransports.map(({ connection }) => connection as unknown as WithSockets);
    for (const { transport } of connections.flatMap(({ protocols }) => protocols)) {
      const take = transport.onData;
      transport.onData = (packet, address) => {
        const [first = 0, second = 0] = packet;
        // RFC 7983, and RFC 5761 §4: RTCP types stand where RTP has marker and payload type.
        if (first >= 128 && first < 192 && (second < 192 || second >= 224)) onMedia(packet);
        else take(packet, address);
      };
    }
  }

  /** Opens a packet that `tap` told of. @throws Error if it is not authentic */
  open(packet: Buffer): Buffer {
    return this.#transport.srtp.decrypt(packet);
  }

  /** Sends one RTP packet, with the next transport-wide number if those were negotiated. */
  send({ ssrc, payloadType, sequence, timestamp, marker, payload }: ClientPacket): void {
    const { sequenceId } = this.negotiated;
    const header = new RtpHeader({
      version: 2,
      padding: false,
      extension: sequenceId !== undefined,
      marker,
      payloadType,
      sequenceNumber: sequence,
      timestamp,
      ssrc,
      csrc: [],
      extensionProfile: ONE_BYTE,
      extensions: sequenceId === undefined ? [] : [{ id: sequenceId, payload: this.#nextSequence() }],
    });
    void this.#transport.sendRtp(Buffer.from(payload), header);
  }

  /** Sends one compound RTCP packet. */
  sendRtcp(packets: readonly RtcpPacket[]): void {
    const bytes = Buffer.from(serializeRtcp(packets));
    // werift asks of a packet only that it can be written.
    const written = { serialize: () => bytes } as unknown as Parameters<RTCDtlsTransport['sendRtcp']>[0][number];
    void this.#transport.sendRtcp([written]);
  }

  /** Offers once more, with new ICE credentials where `restart` says so. */
  async renegotiate(door: Pick<Door, 'offer'>, { restart }: { readonly restart: boolean }): Promise<void> {
    const connection = this.#connection;
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart }));
    const sdp = await door.offer(withoutCandidates(connection.localDescription!.sdp));
    await connection.setRemoteDescription({ type: 'answer', sdp });
    // werift begins checks only where there is no DTLS yet.
    if (restart) await Promise.all(connection.iceTransports.map((transport) => transport.start()));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #nextSequence(): Buffer {
    this.#transportSequence = (this.#transportSequence + 1) & 0xffff;
    return Buffer.of(this.#transportSequence >> 8, this.#transportSequence & 0xff);
  }
}

function configuration(codec: SendCodec): ConstructorParameters<typeof RTCPeerConnection>[0] {
  return {
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
          rtcpFeedback: [useNACK(), usePLI(), useTWCC()],
          parameters: PARAMETERS[codec],
        }),
        new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90_000 }),
      ],
      audio: [],
    },
    headerExtensions: { video: [useSdesMid(), useTransportWideCC()] },
  };
}
