import { inPlainWords } from './plain-words.ts';

export interface CameraChoice {
  /** Empty: the browser's first camera. */
  readonly deviceId: string;
  readonly width: number;
  readonly height: number;
  readonly microphone: boolean;
}

/** The camera cannot be had; `message` says in plain words what to do. */
export class CameraError extends Error {
  override readonly name = 'CameraError';
}

/** Opens the camera at 30 frames a second. @throws CameraError */
export async function openCamera({ deviceId, width, height, microphone }: CameraChoice): Promise<MediaStream> {
  // Browsers leave mediaDevices out of insecure pages, whatever the types say.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices === undefined) throw new CameraError(inPlainWords('insecure', ''));
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
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    throw new CameraError(inPlainWords(name, message), { cause: error });
  }
}

/** Fills the list of cameras; their names are known only after the first one was allowed. */
export async function listCameras(select: HTMLSelectElement): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter((device) => device.kind === 'videoinput');
  const chosen = select.value;
  select.replaceChildren(
    ...cameras.map((camera, index) => new Option(camera.label || `Camera ${index + 1}`, camera.deviceId)),
  );
  if (cameras.some((camera) => camera.deviceId === chosen)) select.value = chosen;
  select.disabled = cameras.length === 0;
}
