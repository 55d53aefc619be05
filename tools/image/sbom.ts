/** The bill of materials of the image, as CycloneDX: the packages in the bundle, and the runtime's files. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { isRecord, stringAt } from "../../tests/ground/json.ts";
import type { BundledPackage } from "./bundle.ts";
import { type Carried, libraryName } from "./root.ts";

export interface Materials {
  readonly version: string;
  readonly packages: readonly BundledPackage[];
  /** The parsed `deno.lock`, which has a digest of each package. */
  readonly lock: unknown;
  readonly carried: readonly Carried[];
  readonly denoVersion: string;
}

/**
 * The bill as JSON. It names no time and no random number: the same materials make the same bill.
 * @throws Error for a package that the lock does not have.
 */
export async function billOfMaterials(materials: Materials): Promise<string> {
  const { version, packages, lock, carried, denoVersion } = materials;
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: new Models.Component(Enums.ComponentType.Container, "matriarch", {
        bomRef: "matriarch",
        version,
      }),
    }),
  });
  for (const each of packages) bom.components.add(npmComponent(each, lock));
  for (const file of carried) bom.components.add(await fileComponent(file, denoVersion));
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return serializer.serialize(bom, { sortLists: true, space: 2 }) + "\n";
}

function npmComponent({ name, version }: BundledPackage, lock: unknown): Models.Component {
  const purl = `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
  const [group, bare] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return new Models.Component(Enums.ComponentType.Library, bare ?? name, {
    bomRef: purl,
    version,
    purl,
    ...(group === undefined ? {} : { group }),
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-512"], lockedHash(name, version, lock)]]),
  });
}

/** The lock names a package once for each choice of its peers: `name@1.0.0_peer@2.0.0`; the digest is the same. */
function lockedHash(name: string, version: string, lock: unknown): string {
  const npm = isRecord(lock) && isRecord(lock["npm"]) ? lock["npm"] : {};
  const wanted = `${name}@${version}`;
  const key = Object.keys(npm).find((each) => each === wanted || each.startsWith(`${wanted}_`));
  const integrity = key === undefined ? undefined : stringAt(npm, key, "integrity");
  const base64 = integrity?.replace(/^sha512-/, "");
  if (base64 === undefined || base64 === integrity) {
    throw new Error(`Cannot tell what ${wanted} in the bundle is as deno.lock has no SHA-512 of it`);
  }
  return Buffer.from(base64, "base64").toString("hex");
}

async function fileComponent({ from, to }: Carried, denoVersion: string): Promise<Models.Component> {
  const sha256 = createHash("sha256").update(await Deno.readFile(from)).digest("hex");
  const isRuntime = to === "/bin/deno";
  return new Models.Component(
    isRuntime ? Enums.ComponentType.Application : Enums.ComponentType.File,
    isRuntime ? "deno" : libraryName(to),
    {
      bomRef: `file:${to}`,
      description: to,
      ...(isRuntime ? { version: denoVersion } : {}),
      hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]),
    },
  );
}
