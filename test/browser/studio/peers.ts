import type { BrowserContext } from 'playwright-core';

declare global {
  interface Window {
    /** Every peer connection that the page made, so that tests can read their statistics. */
    peers: RTCPeerConnection[];
  }
}

/** Keeps the peer connections of all pages of this context in `window.peers`. Before the page is opened. */
export async function keepPeers(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        window.peers.push(this);
      }
    };
  });
}

/** Instead of calling the gateway: the camera through two peer connections of the page itself. A plain echo. */
export function echoInPage(): Promise<void> {
  return (async () => {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 480, frameRate: 30 },
      audio: { echoCancellation: true, noiseSuppression: true },
    });
    const [there, back] = [new RTCPeerConnection(), new RTCPeerConnection()];
    there.onicecandidate = ({ candidate }) => void back.addIceCandidate(candidate ?? undefined);
    back.onicecandidate = ({ candidate }) => void there.addIceCandidate(candidate ?? undefined);
    const returned = new MediaStream();
    const arrived = new Promise<void>((resolve) => {
      back.ontrack = ({ track, receiver }) => {
        receiver.jitterBufferTarget = 0;
        returned.addTrack(track);
        if (returned.getTracks().length === 2) resolve();
      };
    });
    for (const track of stream.getTracks()) there.addTrack(track, stream);
    await there.setLocalDescription();
    await back.setRemoteDescription(there.localDescription!);
    await back.setLocalDescription();
    await there.setRemoteDescription(back.localDescription!);
    await arrived;
    (document.getElementById('self') as HTMLVideoElement).srcObject = stream;
    (document.getElementById('swapped') as HTMLVideoElement).srcObject = returned;
  })();
}
