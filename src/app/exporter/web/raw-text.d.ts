/** The bundler and vitest replace such an import by the text of the file. */
declare module '*/bcryptjs/umd/index.js?raw' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: this is what both of them export.
  export default text;
}
