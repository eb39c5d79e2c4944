/** How long a test waits for what must come: a bound against a hang, not a speed check, on machines that are slow and busy. */
export const PATIENCE = { timeout: 60_000, interval: 20 } as const;
