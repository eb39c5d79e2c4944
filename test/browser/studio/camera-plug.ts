import type { Page } from 'playwright-core';

/** Chromium's fake camera has no plug: the page is shown what it sees when a real one is pulled. */
export async function unplugCamera(page: Page): Promise<void> {
  await page.evaluate(() => {
    const devices = navigator.mediaDevices;
    devices.getUserMedia = () => Promise.reject(new DOMException('Requested device not found', 'NotFoundError'));
    devices.enumerateDevices = () => Promise.resolve([]);
    const running = (document.getElementById('self') as HTMLVideoElement).srcObject as MediaStream;
    for (const track of running.getTracks()) {
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
    devices.dispatchEvent(new Event('devicechange'));
  });
}

/** The browser's own camera again. */
export async function plugCameraIn(page: Page): Promise<void> {
  await page.evaluate(() => {
    const devices = navigator.mediaDevices as Partial<MediaDevices> & EventTarget;
    delete devices.getUserMedia;
    delete devices.enumerateDevices;
    devices.dispatchEvent(new Event('devicechange'));
  });
}

/** Another program has the camera, until `plugCameraIn`. */
export async function occupyCamera(page: Page): Promise<void> {
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
  });
}

/** The person closes the browser's question about the camera without an answer, once. */
export async function dismissQuestion(page: Page): Promise<void> {
  await page.evaluate(() => {
    const devices = navigator.mediaDevices as Partial<MediaDevices>;
    devices.getUserMedia = () => {
      delete devices.getUserMedia;
      return Promise.reject(new DOMException('Permission dismissed', 'NotAllowedError'));
    };
  });
}
