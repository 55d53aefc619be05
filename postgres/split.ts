/** Which settings need a new start of the server and which a reload, and a fingerprint of each part. */
import { createHash } from "node:crypto";
import type { Catalogue } from "./catalogue/catalogue.ts";
import type { SettingContext } from "./catalogue/rows.ts";
import type { Settings } from "./settings_file.ts";

/** Every setting is in exactly one of the two. */
export interface Split {
  /** Take effect when the server starts. */
  readonly restart: Settings;
  /** Take effect when the server reads its files again. */
  readonly reload: Settings;
}

/**
 * Names that the catalogue does not have, those of extensions among them, count as needing a restart: a restart is right
 * for every setting, a reload is not.
 */
export function splitSettings(settings: Settings, catalogue: Catalogue): Split {
  const restart = new Map<string, string>();
  const reload = new Map<string, string>();
  for (const [name, value] of settings) {
    const context = catalogue.find(name)?.context;
    (context !== undefined && isReloadable(context) ? reload : restart).set(name, value);
  }
  return { restart, reload };
}

function isReloadable(context: SettingContext): boolean {
  switch (context) {
    case "internal":
    case "postmaster":
      return false;
    case "sighup":
    case "superuser-backend":
    case "backend":
    case "superuser":
    case "user":
      return true;
  }
}

/** 64 hexadecimal digits, the same for the same settings in whichever order: SHA-256 of sorted lines `name=value`. */
export function hashOf(settings: Settings): string {
  const hash = createHash("sha256");
  for (const name of [...settings.keys()].sort()) hash.update(`${name}=${settings.get(name)}\n`);
  return hash.digest("hex");
}
