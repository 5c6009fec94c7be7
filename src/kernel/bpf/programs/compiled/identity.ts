/** Made by `npm run build:bpf`: differs whenever one of the objects does. */
export const OBJECTS_IDENTITY = '310d815050ae6ff0';
