import manifest from '../package.json' with { type: 'json' };

/** The version of cmemstat, from package.json. */
export const VERSION: string = manifest.version;
