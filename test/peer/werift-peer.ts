/** A caller without a browser: werift's own peer connection, full ICE, on the loopback. */
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useNACK,
  usePLI,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
} from 'werift';
import { Waiting } from './waiting.ts';

export interface PeerOptions {
  /** Encoding names for video in order of preference, default VP8. */
  readonly video?: readonly string[];
  /** Offer audio too, default true. */
  readonly audio?: boolean;
  /** Gather ::1 instead of 127.0.0.1, default false. */
  readonly ipv6?: boolean;
}

/** One RTP packet as the peer sees it. */
export interface PeerPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker: boolean;
  readonly payload: Buffer;
  /** The whole packet, decrypted. */
  readonly bytes: Buffer;
}

const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';

export class WeriftPeer {
  readonly pc: RTCPeerConnection;
  readonly packets: PeerPacket[] = [];
  /** Type and feedback format of every RTCP packet that came. */
  readonly rtcp: { readonly type: number; readonly count: number }[] = [];
  readonly #waiting = new Waiting(
    () =>
      `[dtls:${this.pc.dtlsTransports[0]?.state}] [ice:${this.pc.iceTransports[0]?.state}] [peer:${this.pc.connectionState}]`,
  );
  #sequence = 1000;

  constructor(options: PeerOptions = {}) {
    const loopback = options.ipv6 === true ? '::1' : '127.0.0.1';
    const rtcpFeedback = [useNACK(), usePLI(), useTWCC()];
    this.pc = new RTCPeerConnection({
      // A STUN server that nobody asks: without one werift looks a public one up.
      iceServers: [{ urls: 'stun:127.0.0.1:9' }],
      iceStunGatherTimeout: 0.05,
      iceUseIpv6: options.ipv6 === true,
      iceUseIpv4: options.ipv6 !== true,
      bundlePolicy: 'max-bundle',
      iceAdditionalHostAddresses: [loopback],
      // One path: with two it nominates one after the other, and the first packets of a test fall in between.
      iceFilterCandidatePair: ({ localCandidate }) => localCandidate.host === loopback,
      codecs: {
        video: (options.video ?? ['VP8']).map(
          (name) =>
            new RTCRtpCodecParameters({
              mimeType: `video/${name}`,
              clockRate: 90000,
              rtcpFeedback,
              ...(name === 'H264' && { parameters: H264 }),
            }),
        ),
        audio: [new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48000, channels: 2 })],
      },
      headerExtensions: { video: [useSdesMid(), useTransportWideCC()], audio: [useSdesMid()] },
    });
    this.pc.addTransceiver('video', { direction: 'sendrecv' });
    if (options.audio !== false) this.pc.addTransceiver('audio', { direction: 'sendrecv' });
  }

  async offer(): Promise<string> {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.pc.localDescription?.sdp ?? '';
  }

  /** Takes the answer and resolves when DTLS is up. */
  async connect(answer: string): Promise<void> {
    await this.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    const dtls = this.#dtls;
    dtls.onRtp.subscribe(({ header, payload }) => {
      this.packets.push({
        payloadType: header.payloadType,
        sequence: header.sequenceNumber,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        marker: header.marker,
        payload,
        get bytes() {
          return new RtpPacket(header, payload).serialize();
        },
      });
      this.#waiting.notify();
    });
    dtls.onRtcp.subscribe((packet) => {
      const feedback = (packet as { feedback?: { count?: number } }).feedback;
      this.rtcp.push({ type: packet.type, count: feedback?.count ?? 0 });
      this.#waiting.notify();
    });
    dtls.onStateChange.subscribe(() => this.#waiting.notify());
    await this.until(() => dtls.state === 'connected');
  }

  /** Resolves when `condition` holds; it is asked again whenever something arrives. Rejects after `PATIENCE`. */
  until(condition: () => boolean): Promise<void> {
    return this.#waiting.until(condition);
  }

  get dtlsState(): string {
    return this.#dtls.state;
  }

  /** `as` takes the place of the source and payload type that were negotiated. */
  sendRtp(
    kind: 'audio' | 'video',
    payload: Buffer,
    timestamp: number,
    marker = true,
    as: { readonly ssrc?: number; readonly payloadType?: number } = {},
  ): void {
    const transceiver = this.pc.getTransceivers().find((candidate) => candidate.kind === kind);
    const header = new RtpHeader({
      version: 2,
      padding: false,
      extension: false,
      marker,
      payloadType: as.payloadType ?? transceiver?.sender.codec?.payloadType ?? 96,
      sequenceNumber: this.#sequence++ & 0xffff,
      timestamp,
      ssrc: as.ssrc ?? transceiver?.sender.ssrc ?? 1,
      csrc: [],
      extensions: [],
    });
    void this.#dtls.sendRtp(payload, header);
  }

  /** Sends raw bytes from the peer's own, verified socket. */
  sendRaw(data: Buffer): void {
    void this.pc.iceTransports[0]?.connection.send(data);
  }

  /** What an eavesdropper would have: every SRTP packet that leaves. */
  tap(listener: (data: Buffer) => void): void {
    const connection = this.pc.iceTransports[0]?.connection;
    if (!connection) return;
    const send = connection.send;
    connection.send = (data: Buffer) => {
      listener(data);
      return send(data);
    };
  }

  /** Leaves as a browser does: with a DTLS alert, which werift itself does not send. */
  async leave(): Promise<void> {
    const socket = this.#dtls.dtls;
    if (socket === undefined) throw new Error('the peer must have a connection');
    const encrypt = socket.cipher.encryptPacket;
    socket.cipher.encryptPacket = (packet) => {
      packet.recordLayerHeader.contentType = 21;
      return encrypt.call(socket.cipher, packet);
    };
    await socket.send(Buffer.from([1, 0]));
  }

  async close(): Promise<void> {
    await this.pc.close();
  }

  get #dtls(): RTCPeerConnection['dtlsTransports'][number] {
    const dtls = this.pc.dtlsTransports[0];
    if (!dtls) throw new Error('the peer has no transport yet');
    return dtls;
  }
}
