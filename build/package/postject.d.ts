declare module 'postject' {
  /** Adds a resource to an ELF executable, in place. */
  export function inject(
    file: string,
    resource: string,
    contents: Buffer,
    options: { sentinelFuse: string },
  ): Promise<void>;
}
