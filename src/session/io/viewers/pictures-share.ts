/** Share of the estimate of a viewer's way that pictures may fill: the rest is headers, sound, resends. */
export const PICTURES_SHARE = 0.85;
