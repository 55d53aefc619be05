/** How the program is started in the image: the permissions of `deno.json`, written out, as nothing else may be read there. */
import { engineEnvironment } from "./engine.ts";
import { isRecord, listAt, stringAt } from "../../tests/ground/json.ts";

/** Folder of the bundle in the image. */
export const APP = "/app";

/** Where Deno keeps what it learned of the bundle; to write there a volume is needed, as the image is read-only. */
export const DENO_DIR = "/deno-dir";

/** User and group, of no name and no rights. */
export const USER = 65_532;

/** Variables of the image. */
export const environment: Readonly<Record<string, string>> = {
  DENO_DIR,
  DENO_NO_UPDATE_CHECK: "1",
  ...engineEnvironment,
};

/**
 * Program and flags, without arguments of ours.
 * @param config the parsed `deno.json`
 * @param app folder of the bundle
 * @throws Error when the set `operator` is not as expected
 */
export function entrypoint(config: unknown, app = APP): string[] {
  const set = isRecord(config) && isRecord(config["permissions"])
    ? config["permissions"]["operator"]
    : undefined;
  if (!isRecord(set) || set["net"] !== true || !isRecord(set["env"])) {
    throw new Error("Cannot write the entrypoint as deno.json has no permissions.operator with net and env");
  }
  const sourced = strings(listAt(set, "read"));
  const read = [app, ...sourced.filter((path) => path.startsWith("/"))];
  return [
    "/bin/deno",
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-remote",
    "--no-npm",
    "--unstable-worker-options",
    "--allow-net",
    `--allow-read=${read.join(",")}`,
    `--allow-sys=${strings(listAt(set, "sys")).join(",")}`,
    `--allow-env=${strings(listAt(set, "env", "allow")).join(",")}`,
    "--ignore-env",
    `--allow-import=${strings(listAt(set, "import")).join(",")}`,
    `${app}/main.js`,
  ];
}

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === "string");
}

/** Version of the program, as `deno.json` has it. @throws Error when it has none. */
export function versionIn(config: unknown): string {
  const version = stringAt(config, "version");
  if (version === undefined) throw new Error("Cannot name the image as deno.json has no version");
  return version;
}
