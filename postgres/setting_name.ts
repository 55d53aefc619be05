/** Names of settings, by the rules of the server. */

/** The form in which names are compared and kept: without blanks around it, and with the letters A to Z made small. */
export function canonicalName(name: string): string {
  const bare = name.trim();
  return /[A-Z]/.test(bare) ? bare.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : bare;
}

const letter = "[A-Za-z_\\u0080-\\u{10FFFF}]";
const word = `${letter}[A-Za-z_0-9\\u0080-\\u{10FFFF}]*`;

/** A word, or two with a dot between them: what may stand as a name in a file of the server. */
const namePattern = new RegExp(`^${word}(\\.${word})?$`, "u");

/** Whether a canonical name can stand in a file. Names with two dots work in SQL alone. */
export function isWritableName(name: string): boolean {
  return namePattern.test(name);
}

/** Whether the name is one that an extension gives, such as `auto_explain.log_min_duration`: no server knows them all. */
export function isExtensionName(name: string): boolean {
  return name.includes(".");
}
