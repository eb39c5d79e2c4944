const RELEASES = 'https://github.com/facefusion/facefusion-assets/releases';

/** Where a model of FaceFusion's releases is: the page and the file. Source: facefusion `download.py`, `choices.py`. */
export function release(version: string, name: string): { readonly page: string; readonly address: string } {
  return {
    page: `${RELEASES}/tag/models-${version}`,
    address: `${RELEASES}/download/models-${version}/${name}.onnx`,
  };
}

/** Licences that several models share. */
export const LICENCES = {
  insightFace: { name: 'non-commercial research only', by: 'InsightFace', commercial: false },
  unknown: { name: 'unknown', commercial: false },
} as const;
