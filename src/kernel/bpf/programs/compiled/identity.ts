/** Made by `npm run build:bpf`: differs whenever one of the objects does. */
export const OBJECTS_IDENTITY = 'c8d4fb6085577585';
