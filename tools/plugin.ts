/**
 * Makes `kubectl-matriarch` below `dist` (`deno task plugin`): one executable file, whose second line has Deno run it
 * with the permissions of the set `plugin` of `deno.json` and no others. Beside it, what kubectl asks for completions. A folder
 * may be named instead.
 */
import { join, resolve } from "node:path";
import { isRecord, listAt } from "../tests/ground/json.ts";
import { repository } from "../tests/ground/operator.ts";
import { program } from "./image/shell.ts";

/** Asks the plugin; the last line tells kubectl to propose no files beside. */
const COMPLETER = `#!/bin/sh
kubectl-matriarch __complete "$@"
echo :4
`;

/**
 * The first two lines of the file. To the shell the second one is `:`, which does nothing, and then Deno; to Deno it is a
 * text and a comment. A first line alone would not do, as the kernel takes no more than 255 characters of it.
 * @param config the parsed `deno.json`
 * @throws Error when the set is not as expected
 */
export function firstLines(config: unknown): string {
  const set = isRecord(config) && isRecord(config["permissions"])
    ? config["permissions"]["plugin"]
    : undefined;
  if (!isRecord(set) || set["net"] !== true || set["read"] !== true || !isRecord(set["env"])) {
    throw new Error(
      "Cannot write the launcher as deno.json has no permissions.plugin with net, read and env",
    );
  }
  const listed = (...path: string[]) =>
    listAt(set, ...path).filter((value) => typeof value === "string").join(",");
  const words = [
    "deno",
    "run",
    "--ext=js",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--allow-net",
    "--allow-read",
    `--allow-write=${listed("write")}`,
    `--allow-run=${listed("run")}`,
    `--allow-env='${listed("env", "allow")}'`,
    "--ignore-env",
    `--allow-import=${listed("import")}`,
  ];
  return `#!/bin/sh\n":" //; exec ${words.join(" ")} "$0" "$@"\n`;
}

/** Makes both files in a folder. @returns the path of the plugin */
export async function makePlugin(folder: string): Promise<string> {
  const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
  const manifest = await Deno.readTextFile(join(repository, "deploy", "install.yaml"));
  const entry = join(folder, "kubectl-matriarch-entry.ts");
  const bundle = join(folder, "kubectl-matriarch-bundle.js");
  await Deno.mkdir(folder, { recursive: true });
  try {
    await Deno.writeTextFile(entry, entryOf(manifest));
    await bundleInto(entry, bundle);
    const path = join(folder, "kubectl-matriarch");
    await install(path, `${firstLines(config)}${await Deno.readTextFile(bundle)}`);
    await install(join(folder, "kubectl_complete-matriarch"), COMPLETER);
    return path;
  } finally {
    for (const file of [entry, bundle]) await Deno.remove(file).catch(() => undefined);
  }
}

/** Like `plugin.ts`, with the manifest inside, as the file is to stand alone. */
function entryOf(manifest: string): string {
  const main = JSON.stringify(join(repository, "plugin", "main.ts"));
  return `import { pluginMain } from ${main};\n` +
    `const manifest = ${JSON.stringify(manifest)};\n` +
    "Deno.exit(await pluginMain(() => Promise.resolve(manifest)));\n";
}

async function bundleInto(entry: string, bundle: string): Promise<void> {
  const script = 'cd "$1" && shift && exec "$@"';
  const words = ["bundle", "--quiet", "--minify", "--platform=deno", `--output=${bundle}`, entry];
  await program("sh", "-c", script, "sh", repository, Deno.execPath(), ...words);
}

async function install(path: string, content: string): Promise<void> {
  await Deno.remove(path).catch(() => undefined);
  await Deno.writeTextFile(path, content, { mode: 0o755 });
}

if (import.meta.main) {
  try {
    console.log(await makePlugin(resolve(Deno.args[0] ?? join(repository, "dist"))));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
