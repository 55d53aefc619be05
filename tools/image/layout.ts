/**
 * The image as an OCI layout, made by umoci and compressed anew by skopeo; no daemon is needed. Each folder at the top is a
 * layer: another build of the operator leaves that of the runtime, the largest by far, as it is.
 */
import { basename, join } from "node:path";
import { at, listAt, stringAt } from "../../tests/ground/json.ts";
import { environment, USER } from "./entrypoint.ts";
import { program } from "./shell.ts";

/** Where history begins: an image that is made again is the same to the last bit. */
const EPOCH = "1970-01-01T00:00:00Z";

export interface ImageOptions {
  /** Folder that the layout is made in; it must not exist. */
  readonly layout: string;
  readonly tag: string;
  readonly root: string;
  readonly entrypoint: readonly string[];
}

export interface ImageSummary {
  /** Of the manifest: what a registry and a Deployment name it by. */
  readonly digest: string;
  /** Bytes of the layers as they are stored and sent. */
  readonly compressedBytes: number;
}

/** Layers compressed by zstd are a fifth smaller than by gzip; every runtime of the Kubernetes that we need reads them. */
const COMPRESSION = ["--dest-compress-format=zstd", "--dest-compress-level=19"];

/** Makes the image. @throws Error with the words of the program that failed. */
export async function makeLayout({ layout, tag, root, entrypoint }: ImageOptions): Promise<ImageSummary> {
  const plain = `${layout}.gzip`;
  const image = `${plain}:${tag}`;
  await umoci("init", `--layout=${plain}`);
  await umoci("new", `--image=${image}`);
  const entries = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
  for (const name of entries) {
    await umoci(
      "insert",
      "--rootless",
      `--image=${image}`,
      `--history.created=${EPOCH}`,
      `--history.created_by=matriarch ${name}`,
      join(root, name),
      `/${name}`,
    );
  }
  await umoci(
    "config",
    `--image=${image}`,
    `--created=${EPOCH}`,
    `--history.created=${EPOCH}`,
    "--history.created_by=matriarch",
    "--architecture=amd64",
    "--os=linux",
    `--config.user=${USER}:${USER}`,
    "--config.workingdir=/",
    "--config.cmd=run",
    ...entrypoint.map((word) => `--config.entrypoint=${word}`),
    ...Object.entries(environment).map(([name, value]) => `--config.env=${name}=${value}`),
    "--config.label=org.opencontainers.image.title=matriarch",
    `--config.label=org.opencontainers.image.version=${tag}`,
    "--config.label=org.opencontainers.image.licenses=Apache-2.0",
  );
  await program("skopeo", "copy", "--quiet", ...COMPRESSION, `oci:${image}`, `oci:${layout}:${tag}`);
  await Deno.remove(plain, { recursive: true });
  return await summaryOf(layout, tag);
}

async function umoci(...args: string[]): Promise<void> {
  await program("umoci", ...args);
}

async function summaryOf(layout: string, tag: string): Promise<ImageSummary> {
  const told: unknown = JSON.parse(await program("skopeo", "inspect", `oci:${layout}:${tag}`));
  const index: unknown = JSON.parse(await Deno.readTextFile(join(layout, "index.json")));
  const [manifest] = listAt(index, "manifests");
  const digest = stringAt(manifest, "digest");
  if (digest === undefined || digest !== stringAt(told, "Digest")) {
    throw new Error(`Cannot tell the digest of ${basename(layout)}: index and skopeo do not agree`);
  }
  const blob = join(layout, "blobs", ...digest.split(":"));
  const content: unknown = JSON.parse(await Deno.readTextFile(blob));
  const compressedBytes = listAt(content, "layers")
    .reduce((sum: number, layer) => sum + Number(at(layer, "size")), 0);
  return { digest, compressedBytes };
}

/** Packs a layout into one file, for `skopeo copy oci-archive:...` and `ctr images import`. */
export async function pack(layout: string, archive: string): Promise<void> {
  await program(
    "tar",
    "--create",
    `--file=${archive}`,
    `--directory=${layout}`,
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u+rwX,go+rX,go-w",
    "--format=gnu",
    "blobs",
    "index.json",
    "oci-layout",
  );
}
