import type { Blocker, Refusal } from './page-state.ts';

export interface CameraChoice {
  /** Empty: the browser's first camera. */
  readonly deviceId: string;
  readonly width: number;
  readonly height: number;
  readonly microphone: boolean;
}

/** The camera cannot be had. */
export class CameraError extends Error {
  override readonly name = 'CameraError';
  readonly refusal: Refusal;
  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(`the camera must be there and allowed [refusal:${refusal.kind}]`, options);
    this.refusal = refusal;
  }
}

const NO_MICROPHONE: Refusal = {
  kind: 'broken',
  cause: {
    code: 'no_microphone',
    message: 'No microphone was found. Plug one in, or untick “Microphone”. Then press “Start camera”.',
  },
};

/** Browsers leave it out of insecure pages, whatever the types say. */
const devices: MediaDevices | undefined = navigator.mediaDevices;

/** Opens the camera at 30 frames a second. @throws CameraError */
export async function openCamera(choice: CameraChoice): Promise<MediaStream> {
  const { deviceId, width, height, microphone } = choice;
  if (devices === undefined) throw new CameraError({ kind: 'blocked', by: 'address' });
  try {
    return await devices.getUserMedia({
      video: {
        ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' }),
        width: { ideal: width },
        height: { ideal: height },
        frameRate: { ideal: 30 },
      },
      audio: microphone ? { echoCancellation: true, noiseSuppression: true } : false,
    });
  } catch (error) {
    throw new CameraError(await refusalOf(error, choice), { cause: error });
  }
}

/** What getUserMedia means (https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia, and what browsers do). */
async function refusalOf(error: unknown, { deviceId, microphone }: CameraChoice): Promise<Refusal> {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return { kind: 'blocked', by: await blocker(message, microphone) };
    case 'NotFoundError':
    // Size and rate are wishes, so it is the id that no camera has.
    case 'OverconstrainedError': {
      const present = await cameraIds();
      const there = deviceId === '' ? present.length > 0 : present.includes(deviceId);
      return microphone && there && !(await hasMicrophone()) ? NO_MICROPHONE : { kind: 'gone', present };
    }
    case 'NotReadableError':
    // Chromium's, where a camera does not start in time.
    case 'AbortError':
      return { kind: 'busy' };
    default:
      return { kind: 'broken', cause: { code: name, message: message || 'The browser cannot open the camera.' } };
  }
}

async function blocker(message: string, microphone: boolean): Promise<Blocker> {
  if (/system/i.test(message)) return 'system';
  if (microphone && (await permission('microphone'))?.state === 'denied') return 'microphone';
  return (await permission('camera'))?.state === 'prompt' ? 'question' : 'person';
}

/** `undefined` where the browser does not tell. */
async function permission(name: 'camera' | 'microphone'): Promise<PermissionStatus | undefined> {
  try {
    return await navigator.permissions.query({ name: name as PermissionName });
  } catch {
    return undefined; // an older Firefox does not know these names
  }
}

/** Tells of permissions that change, and of cameras that come and go, as long as the page lives. */
export async function watchCameras(listener: {
  onPermission(state: PermissionState): void;
  onDevices(ids: readonly string[]): void;
}): Promise<void> {
  devices?.addEventListener('devicechange', () => void cameraIds().then((ids) => listener.onDevices(ids)));
  for (const name of ['camera', 'microphone'] as const) {
    const status = await permission(name);
    status?.addEventListener('change', () => listener.onPermission(status.state));
  }
}

async function cameraIds(): Promise<string[]> {
  return (await cameras()).map(({ deviceId }) => deviceId);
}

async function hasMicrophone(): Promise<boolean> {
  return (await all()).some(({ kind }) => kind === 'audioinput');
}

async function cameras(): Promise<MediaDeviceInfo[]> {
  return (await all()).filter(({ kind }) => kind === 'videoinput');
}

async function all(): Promise<MediaDeviceInfo[]> {
  return (await devices?.enumerateDevices()) ?? [];
}

/** Fills the list of cameras and chooses `device`; their names are known only after one was allowed. */
export async function listCameras(select: HTMLSelectElement, device: string): Promise<void> {
  const options = (await cameras()).map(
    (camera, index) => new Option(camera.label || `Camera ${index + 1}`, camera.deviceId),
  );
  // Something else must be chosen for each of the others to be a choice.
  if (!options.some(({ value }) => value === device)) options.unshift(new Option('Not there', device));
  select.replaceChildren(...options);
  select.value = device;
  select.disabled = false;
}
