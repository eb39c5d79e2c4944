/** The browser program: GUISE_CHROMIUM, then PATH, then the usual places. */
export function findChromium(): string | undefined;
/** What a person can do about a missing browser. */
export const chromiumAdvice: string;
/** Installs Chromium with the system's package manager, where this user may. */
export function installChromium(): string | undefined;
