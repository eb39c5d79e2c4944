/** The studio page: camera in, swapped face out. */
import { z } from 'zod';
import { Session, type SessionState } from '../sdk/session.ts';
import { takeToken } from '../sdk/token.ts';
import { callOptions } from './call-options.ts';
import { CameraError, listCameras, openCamera } from './camera.ts';
import { element } from './elements.ts';
import { Figures } from './figures.ts';
import { IdentityPicker } from './identity-picker.ts';
import { inPlainWords } from './plain-words.ts';

// The page's content policy forbids code made from strings, which zod would use to go faster.
z.config({ jitless: true });

const token = takeToken();
const gateway = new URL('/', location.href);
const socket = new URL('/v1/session', gateway);
socket.protocol = gateway.protocol === 'https:' ? 'wss:' : 'ws:';

const self = element('self', HTMLVideoElement);
const swapped = element('swapped', HTMLVideoElement);
const start = element('start', HTMLButtonElement);
const camera = element('camera', HTMLSelectElement);
const size = element('size', HTMLSelectElement);
const microphone = element('microphone', HTMLInputElement);
const listen = element('listen', HTMLInputElement);
const mirror = element('mirror', HTMLInputElement);
const opacity = element('opacity', HTMLInputElement);
const keepEyes = element('keep-eyes', HTMLInputElement);
const keepMouth = element('keep-mouth', HTMLInputElement);

const figures = new Figures();
const picker = new IdentityPicker({ gateway, token }, { onPick: (identity) => session?.wear(identity), say });
let session: Session | undefined;
let stream: MediaStream | undefined;

start.addEventListener('click', () => void (session ? stop() : begin()));
for (const input of [camera, size, microphone]) input.addEventListener('change', () => void changeCamera());
for (const input of [opacity, keepEyes, keepMouth]) input.addEventListener('input', changeLook);
mirror.addEventListener('change', applyMirror);
listen.addEventListener('change', () => (swapped.muted = !listen.checked));
applyMirror();
changeLook();
void loadMasks();

async function loadMasks(): Promise<void> {
  try {
    await picker.load();
  } catch {
    say('The gateway does not answer. It is asked again by itself.');
    setTimeout(() => void loadMasks(), 2000);
    return;
  }
  say('');
}

async function begin(): Promise<void> {
  start.disabled = true;
  try {
    stream = await openCamera(chosenCamera());
  } catch (error) {
    say(error instanceof CameraError ? error.message : String(error));
    return;
  } finally {
    start.disabled = false;
  }
  say('');
  showCamera(stream);
  await listCameras(camera);
  session = new Session(socket, stream, {
    ...callOptions(location.search),
    token,
    identity: picker.chosen,
    look: chosenLook(),
  });
  session.events.on('state', showState);
  session.events.on('stream', (back) => {
    if (swapped.srcObject !== back) swapped.srcObject = back;
  });
  session.events.on('statistics', (latest) => figures.show(latest));
  session.events.on('draining', ({ within }) => {
    say(`The gateway is about to end. The call goes on for ${Math.round(within / 1000)} s, then comes back by itself.`);
  });
  session.events.on('error', ({ code, message, fatal }) => {
    if (code === 'identity_unknown')
      void picker.renew().catch(() => say('The photo could not be sent again. Add it again.'));
    else say(inPlainWords(code, message));
    if (fatal && session?.state.name === 'closed') stop();
  });
  session.open();
  start.textContent = 'Stop';
}

function stop(): void {
  session?.close();
  session = undefined;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  self.srcObject = null;
  swapped.srcObject = null;
  start.textContent = 'Start camera';
  element('state', HTMLElement).dataset['state'] = 'idle';
  element('state', HTMLElement).textContent = 'Camera off';
}

async function changeCamera(): Promise<void> {
  if (!session) return;
  try {
    const next = await openCamera(chosenCamera());
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = next;
    showCamera(next);
    await session.setCamera(next);
    say('');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function showCamera(shown: MediaStream): void {
  self.srcObject = shown;
  shown.getVideoTracks()[0]?.addEventListener('ended', () => {
    if (shown !== stream) return;
    stop();
    say('The camera was unplugged. Plug it in, then press “Start camera” again.');
  });
}

function showState(state: SessionState): void {
  const words = { connecting: 'Connecting …', live: 'Live', waiting: 'Reconnecting …', closed: 'Ended' } as const;
  const status = element('state', HTMLElement);
  status.dataset['state'] = state.name;
  status.textContent = words[state.name];
  if (state.name === 'waiting') say(`${state.why} Trying again by itself.`);
  if (state.name === 'live') say('');
}

function changeLook(): void {
  element('opacity-value', HTMLOutputElement).value = `${opacity.value} %`;
  session?.setLook(chosenLook());
}

function chosenLook(): { opacity: number; keepEyes: boolean; keepMouth: boolean } {
  return { opacity: Number(opacity.value) / 100, keepEyes: keepEyes.checked, keepMouth: keepMouth.checked };
}

function chosenCamera(): Parameters<typeof openCamera>[0] {
  const [width = 1280, height = 720] = size.value.split('x').map(Number);
  return { deviceId: camera.value, width, height, microphone: microphone.checked };
}

function applyMirror(): void {
  document.body.classList.toggle('mirrored', mirror.checked);
}

function say(notice: string): void {
  const place = element('notice', HTMLElement);
  place.textContent = notice;
  place.hidden = notice === '';
}
