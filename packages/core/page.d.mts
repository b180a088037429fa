/** The module `src/page/assets.ts` as its sources make it. */
export function pageAssets(): Promise<string>
