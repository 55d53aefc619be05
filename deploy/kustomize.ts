/** The flavours in which the operator is installed, each a kustomization below `deploy/kustomize/`. */
import { fileURLToPath } from "node:url";

/** Where the flavour `default` stands as one file, relative to the repository. */
export const INSTALL = "deploy/install.yaml";

export const overlays = [
  "default",
  "no-webhook",
  "cert-manager",
  "observability",
  "single-namespace",
] as const;

export type Overlay = typeof overlays[number];

const HEAD = "# Generated from deploy/kustomize/default by `deno task manifests`:\n" +
  "# kubectl apply --server-side -f install.yaml\n";

/**
 * One flavour as a stream of YAML.
 * @param kubectl path of the program, whose own kustomize is used
 * @throws Error with what kubectl said
 */
export async function renderOverlay(kubectl: string, overlay: Overlay): Promise<string> {
  const folder = fileURLToPath(new URL(`./kustomize/${overlay}`, import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "kustomize", kubectl, "kustomize", folder],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot render ${overlay}: ${text.decode(stderr).trim()}`);
  return HEAD + text.decode(stdout);
}
