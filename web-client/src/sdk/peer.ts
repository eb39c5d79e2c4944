import type { ClientMessage, IceServer } from '../../../src/api/messages.ts';

/** Most bits a second that the camera is sent with. */
const CAMERA_BITRATE = 2_500_000;

/**
 * A peer connection that sends `camera` and receives the way back.
 * @param iceServers those that the gateway names; it asks for none where it can be reached directly
 */
export function openPeer(
  camera: MediaStream,
  iceServers: readonly IceServer[],
  say: (message: ClientMessage) => void,
): RTCPeerConnection {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: iceServers.map(withoutGaps) });
  for (const track of camera.getTracks()) {
    const { receiver } = peer.addTransceiver(track, {
      direction: 'sendrecv',
      streams: [camera],
      ...(track.kind === 'video' ? { sendEncodings: [{ maxBitrate: CAMERA_BITRATE }] } : {}),
    });
    // The gateway already spends the latency that there is to spend: no further buffer than jitter needs.
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
  }
  peer.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) say({ type: 'candidate', candidate: candidate.candidate, mid: candidate.sdpMid ?? '' });
  };
  return peer;
}

/** The browser takes no `undefined` for a credential. */
function withoutGaps({ urls, username, credential }: IceServer): RTCIceServer {
  return username === undefined || credential === undefined ? { urls } : { urls, username, credential };
}

/** Makes the offer. Candidates are trickled: an ICE-lite gateway learns them from the checks anyway. */
export async function makeOffer(peer: RTCPeerConnection): Promise<string> {
  await peer.setLocalDescription();
  return peer.localDescription?.sdp ?? '';
}
