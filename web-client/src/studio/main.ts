/** The studio page: camera in, swapped face out. */
import { z } from 'zod';
import { Backoff } from '../sdk/backoff.ts';
import { Course } from '../sdk/course.ts';
import { listChoices } from '../sdk/identities.ts';
import { Session } from '../sdk/session.ts';
import { takeToken } from '../sdk/token.ts';
import { callOptions } from './call-options.ts';
import { CameraError, listCameras, openCamera, watchCameras, type CameraChoice } from './camera.ts';
import { element } from './elements.ts';
import { Figures } from './figures.ts';
import { IdentityPicker } from './identity-picker.ts';
import { chosenLook, watchLook } from './look-controls.ts';
import { nextPageState, type PageEvent, type PageState } from './page-state.ts';
import { PeoplePanel } from './people-panel.ts';
import { inPlainWords } from './plain-words.ts';
import { showState } from './state-view.ts';

// The page's content policy forbids code made from strings, which zod would use to go faster.
z.config({ jitless: true });

/** A picture that has not moved for so long after the tab was shown again is asked for anew, milliseconds. */
const STILL_FOR = 500;

const token = takeToken();
const gateway = new URL('/', location.href);
const socket = new URL('/v1/session', gateway);
socket.protocol = gateway.protocol === 'https:' ? 'wss:' : 'ws:';

const self = element('self', HTMLVideoElement);
const swapped = element('swapped', HTMLVideoElement);
const camera = element('camera', HTMLSelectElement);
const size = element('size', HTMLSelectElement);
const microphone = element('microphone', HTMLInputElement);
const listen = element('listen', HTMLInputElement);
const mirror = element('mirror', HTMLInputElement);
const swap = element('swap', HTMLSelectElement);

const figures = new Figures();
const picker = new IdentityPicker({ gateway, token }, { onPick: (identity) => session?.wear(identity), say });
const people = new PeoplePanel({
  choices: () => picker.choices,
  mirrored: () => mirror.checked,
  onChange: (wearers) => session?.setWearers(wearers),
});
const backoff = new Backoff();
const course = new Course<PageState, PageEvent>(
  { name: 'off' },
  {
    next: (state, event) => nextPageState(state, event, { now: performance.now(), wait: () => backoff.next() }),
    timeUp: { name: 'time-up' },
    enter,
  },
);
let session: Session | undefined;
let stream: MediaStream | undefined;

element('start', HTMLButtonElement).addEventListener('click', startOrStop);
element('retry', HTMLButtonElement).addEventListener('click', () => {
  if (course.state.name === 'calling') session?.open();
  else course.take({ name: 'retry' });
});
for (const input of [camera, size, microphone]) input.addEventListener('change', changeCamera);
watchLook((look) => session?.setLook(look));
swap.addEventListener('change', () => session?.setSwap(swap.value));
mirror.addEventListener('change', applyMirror);
listen.addEventListener('change', () => (swapped.muted = !listen.checked));
for (const name of ['online', 'offline']) addEventListener(name, () => showState(course.state));
addEventListener('focus', () => course.take({ name: 'back' }));
document.addEventListener('visibilitychange', wakePicture);
void watchCameras({
  onPermission: (state) => course.take({ name: 'permission', state }),
  onDevices: (ids) => {
    course.take({ name: 'devices', ids });
    if (!camera.disabled) void listCameras(camera, camera.value);
  },
});
applyMirror();
void loadChoices();

async function loadChoices(): Promise<void> {
  try {
    const { masks, swaps } = await listChoices(gateway);
    showSwaps(swaps);
    picker.show(masks);
  } catch {
    say('The gateway does not answer. It is asked again by itself.');
    setTimeout(() => void loadChoices(), 2000);
    return;
  }
  say('');
}

/** There is nothing to choose where there is only the mesh. */
function showSwaps(swaps: readonly string[]): void {
  swap.replaceChildren(...swaps.map((name) => new Option(name === 'mesh' ? 'Mesh' : name, name)));
  element('swap-choice', HTMLElement).hidden = swaps.length < 2;
}

function startOrStop(): void {
  const off = course.state.name === 'off' || course.state.name === 'ended';
  course.take(off ? { name: 'start', device: camera.value } : { name: 'stop' });
}

function changeCamera(): void {
  const { name } = course.state;
  if (name !== 'off' && name !== 'ended') course.take({ name: 'start', device: camera.value });
}

function enter(state: PageState): void {
  showState(state);
  if (state.name === 'off' || state.name === 'ended') hangUp();
  else if (state.name === 'asking') void ask(state);
  else if (state.name !== 'calling') self.srcObject = null;
  if (state.name !== 'calling' || state.call.name === 'waiting' || state.call.name === 'connecting') figures.pause();
}

async function ask(asked: Extract<PageState, { name: 'asking' }>): Promise<void> {
  try {
    const opened = await openCamera(chosenCamera(asked.device));
    if (course.state !== asked) return stopTracks(opened);
    await carry(opened);
    if (course.state === asked && session) course.take({ name: 'opened', call: session.state });
    say('');
    await listCameras(camera, deviceOf(opened));
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    if (course.state === asked) await refuse(error);
  }
}

async function refuse({ refusal }: CameraError): Promise<void> {
  // Where another camera was chosen, the one before still runs.
  if (session && stream?.getVideoTracks()[0]?.readyState === 'live') {
    say('That camera cannot be opened. The one before goes on.');
    await listCameras(camera, deviceOf(stream));
    course.take({ name: 'opened', call: session.state });
  } else course.take({ name: 'refused', refusal });
}

/** Sends `opened` from now on, in the session that there is or in a new one. */
async function carry(opened: MediaStream): Promise<void> {
  stopTracks(stream);
  stream = opened;
  backoff.reset();
  self.srcObject = opened;
  opened.getVideoTracks()[0]?.addEventListener('ended', () => {
    if (opened === stream) course.take({ name: 'lost', device: deviceOf(opened) });
  });
  if (session) await session.setCamera(opened);
  else openSession(opened);
}

function openSession(opened: MediaStream): void {
  const options = {
    ...{ ...callOptions(location.search), token, identity: picker.chosen, look: chosenLook(), wait: true },
    ...(swap.value !== '' && { swap: swap.value }),
  };
  session = new Session(socket, opened, options);
  session.events.on('state', (state) => {
    course.take({ name: 'call', call: state });
    // What was said before of an end to come is told by the state now.
    if (state.name === 'waiting') say('');
  });
  session.events.on('stream', (back) => {
    if (swapped.srcObject !== back) swapped.srcObject = back;
  });
  session.events.on('statistics', (latest) => {
    figures.show(latest);
    people.show(latest.faces);
  });
  session.events.on('degraded', ({ level }) => {
    say(
      level === 0
        ? ''
        : 'The gateway is busy: faces are swapped less often, fewer of them, or hidden, until it is not.',
    );
  });
  session.events.on('draining', ({ within }) => {
    say(`The gateway is about to end. The call goes on for ${Math.round(within / 1000)} s, then comes back by itself.`);
  });
  session.events.on('error', ({ code, message, fatal }) => {
    if (code === 'identity_unknown')
      void picker
        .renew()
        .then((ids) => people.renew(ids))
        .catch(() => say('The photo could not be sent again. Add it again.'));
    else if (!fatal) say(inPlainWords(code, message));
  });
  session.open();
}

function hangUp(): void {
  session?.close();
  session = undefined;
  stopTracks(stream);
  stream = undefined;
  self.srcObject = null;
  swapped.srcObject = null;
  people.clear();
}

/** Who comes back to the tab sees the picture of now: browsers may have paused it, or thrown away what it builds on. */
function wakePicture(): void {
  if (document.visibilityState === 'hidden' || !session) return;
  if (swapped.paused)
    void swapped.play().catch(() => say('The browser has paused the picture. Press “Stop”, then “Start camera”.'));
  const still = setTimeout(() => session?.requestKeyframe(), STILL_FOR);
  swapped.requestVideoFrameCallback(() => clearTimeout(still));
}

function chosenCamera(deviceId: string): CameraChoice {
  const [width = 1280, height = 720] = size.value.split('x').map(Number);
  return { deviceId, width, height, microphone: microphone.checked };
}

function deviceOf(opened: MediaStream): string {
  return opened.getVideoTracks()[0]?.getSettings().deviceId ?? '';
}

function stopTracks(opened: MediaStream | undefined): void {
  for (const track of opened?.getTracks() ?? []) track.stop();
}

function applyMirror(): void {
  document.body.classList.toggle('mirrored', mirror.checked);
}

/** Something beside the state, e.g. about a photo. */
function say(remark: string): void {
  element('remark', HTMLElement).textContent = remark;
}
