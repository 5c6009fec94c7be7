/** Made by `npm run build:bpf`: differs whenever one of the objects does. */
export const OBJECTS_IDENTITY = 'd202239735a50588';
