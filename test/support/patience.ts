/** How long a test waits at most for what must come: a bound against a hang, not a speed check, on machines that are slow and busy. */
export const PATIENCE = { timeout: 120_000, interval: 20 } as const;
