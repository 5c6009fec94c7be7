/** The first characters of a text, and dots if there are more: files may contain texts of any length. */
export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}
