/**
 * Writes what is installed and follows from code: definitions, roles, hooks, the pages of `docs/reference`, the chart's
 * generated templates, and `deploy/install.yaml` from the overlay `default`. Run it by `deno task manifests`.
 */
import { dirname, join } from "node:path";
import { ensureBinaries } from "../tests/ground/build.ts";
import { repository } from "../tests/ground/operator.ts";
import { INSTALL, renderOverlay } from "./kustomize.ts";
import { chartFiles } from "./chart_files.ts";

// Each writes its own files when it is loaded.
await import("../manifests/crds/generate.ts");
await import("../manifests/rbac/generate.ts");
await import("../manifests/webhook/generate.ts");
await import("../tools/reference/generate.ts");

const templates = join(repository, "deploy", "chart", "matriarch", "templates");
for (const { name, content } of chartFiles()) await Deno.writeTextFile(join(templates, name), content);

const { kubectl = "kubectl" } = await ensureBinaries(["kubectl"], console.log);
const install = join(repository, INSTALL);
await Deno.mkdir(dirname(install), { recursive: true });
await Deno.writeTextFile(install, await renderOverlay(kubectl, "default"));
console.log(`${INSTALL} written`);
