/**
 * Makes the image below `dist/image` (`deno task image`): `layout` (OCI), `matriarch.tar` (the same in one file),
 * `sbom.cdx.json`. A folder may be named instead.
 */
import { join, resolve } from "node:path";
import { repository } from "../../tests/ground/operator.ts";
import { bundleInto } from "./bundle.ts";
import { entrypoint, versionIn } from "./entrypoint.ts";
import { type ImageSummary, makeLayout, pack } from "./layout.ts";
import { runtimeFiles, writeRoot } from "./root.ts";
import { billOfMaterials } from "./sbom.ts";
import { requirePrograms } from "./shell.ts";

/** Most that the layers may weigh, in bytes: a node that has to move its operator pulls them first. */
export const MOST_BYTES = 45_000_000;

/** Makes everything in a folder, which is emptied before. @throws Error in one line when something is missing. */
export async function makeImage(folder: string): Promise<ImageSummary> {
  await requirePrograms("umoci", "skopeo", "ldd", "tar");
  await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  const bundle = join(folder, "bundle");
  const root = join(folder, "root");
  const layout = join(folder, "layout");
  await Deno.mkdir(bundle, { recursive: true });
  await Deno.mkdir(root);
  const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
  const lock: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.lock")));
  const version = versionIn(config);
  const packages = await bundleInto(bundle, repository);
  const carried = await runtimeFiles(Deno.execPath());
  const bill = { version, packages, lock, carried, denoVersion: Deno.version.deno };
  await Deno.writeTextFile(join(folder, "sbom.cdx.json"), await billOfMaterials(bill));
  await writeRoot(root, bundle, carried);
  const summary = await makeLayout({ layout, tag: version, root, entrypoint: entrypoint(config) });
  await pack(layout, join(folder, "matriarch.tar"));
  if (summary.compressedBytes > MOST_BYTES) {
    throw new Error(
      `Cannot accept an image of ${summary.compressedBytes} bytes: at most ${MOST_BYTES} are allowed`,
    );
  }
  return summary;
}

async function main([named]: readonly string[]): Promise<void> {
  const folder = resolve(named ?? join(repository, "dist", "image"));
  const { digest, compressedBytes } = await makeImage(folder);
  console.log(`${folder}/layout\n${digest}\n${(compressedBytes / 1e6).toFixed(1)} MB compressed`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
