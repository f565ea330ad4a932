export function generateClients(paths: readonly string[]): void;
