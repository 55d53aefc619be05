/** Moments as users write them. */

/** A time without a zone is in UTC: Spilo takes none without. */
export function withZone(time: string): string {
  const text = time.trim();
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00Z`;
  return /:.*(Z|[+-]\d{2}(:?\d{2})?)$/i.test(text) ? text : `${text}Z`;
}
