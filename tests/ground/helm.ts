/** Helm, which renders our chart in tests. */
import type { Progress } from "./build.ts";
import { ensureTool } from "./tool.ts";

/** Path of the program. @throws Error when it cannot be built. */
export function ensureHelm(progress: Progress): Promise<string> {
  return ensureTool({
    name: "helm",
    module: "helm",
    package: "helm.sh/helm/v3/cmd/helm",
    ldflags: "-s -w",
    coldSeconds: 240,
  }, progress);
}
