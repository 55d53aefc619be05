/**
 * The anchor that GitHub gives a heading: lower case, spaces as dashes, and nothing but letters, digits, dashes and
 * underscores. A second heading of the same text on a page gets `-1` behind; that is up to the caller.
 */
export function slug(heading: string): string {
  return heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
}
