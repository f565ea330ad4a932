/** Cases that this endpoint answers otherwise than a cluster does, and why. */
export const DOCUMENTED_DIFFERENCES: Readonly<Record<string, string>> = {};
