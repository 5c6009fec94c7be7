export function bundleExecutable(
  arch: 'x64' | 'arm64',
): Promise<{ main: Buffer; files: (readonly [path: string, bytes: Buffer])[] }>;
