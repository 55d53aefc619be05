/**
 * Makes the TypeScript of the messages in `topology/proto`: `deno task generate`, with `--check` to compare only. The two
 * generators come from npm by way of npx; nothing else needs them.
 */
import { join } from "node:path";

const generators = ["@bufbuild/buf@1.74.0", "@bufbuild/protoc-gen-es@2.17.0"];
const ending = "_pb.ts";
const folder = import.meta.dirname;
if (folder === undefined) throw new Error("Cannot generate as this file is not on a disk");

const made = join(folder, "made");
try {
  await run(made);
  const wanted = await readAll(made);
  const present = await readAll(folder);
  if (Deno.args.includes("--check")) report(wanted, present);
  else await replace(wanted, present);
} finally {
  await Deno.remove(made, { recursive: true }).catch(() => undefined);
}

async function run(out: string): Promise<void> {
  const plugin = { local: "protoc-gen-es", out, opt: ["target=ts", "import_extension=ts"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const packages = generators.flatMap((name) => ["--package", name]);
  const args = ["--yes", ...packages, "buf", "generate", "topology/proto", "--template", template];
  const { success } = await new Deno.Command("npx", { args, stdin: "null" }).spawn().status;
  if (!success) throw new Error("Cannot generate the messages as buf failed: see above");
}

/** Generated files by name, with a first line that tells them from others. */
async function readAll(from: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(from)) {
    if (!name.endsWith(ending)) continue;
    const source = name.replace(ending, ".proto");
    const head = `// Generated from topology/proto/${source} by \`deno task generate\`.\n`;
    const text = await Deno.readTextFile(join(from, name));
    files.set(name, text.startsWith(head) ? text : head + text);
  }
  return files;
}

function report(wanted: ReadonlyMap<string, string>, present: ReadonlyMap<string, string>): void {
  const names = [...new Set([...wanted.keys(), ...present.keys()])];
  const differing = names.filter((name) => wanted.get(name) !== present.get(name));
  if (differing.length === 0) return console.log(`${names.length} files are as generated`);
  console.error(`Not as generated: ${differing.join(", ")}. Run deno task generate.`);
  Deno.exitCode = 1;
}

async function replace(
  wanted: ReadonlyMap<string, string>,
  present: ReadonlyMap<string, string>,
): Promise<void> {
  for (const name of present.keys()) {
    if (!wanted.has(name)) await Deno.remove(join(folder ?? "", name));
  }
  for (const [name, text] of wanted) await Deno.writeTextFile(join(folder ?? "", name), text);
  console.log(`${wanted.size} files written`);
}
