/** Installs and runs the operator of this working copy on a cluster. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { GroundClient, Manifest } from "./client.ts";
import { type GuardedProcess, spawnGuarded } from "./guard.ts";
import { conditionStatus, isRecord, stringAt } from "./json.ts";
import { waitUntil } from "./wait_for.ts";

/** The root of the working copy. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The objects of a YAML file. @throws Error that names the file when it is not YAML or holds something else. */
export async function readManifests(path: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await Deno.readTextFile(path));
  const objects: Manifest[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const [problem] = document.errors;
    if (problem !== undefined) throw new Error(`Cannot read ${path}: ${problem.message}`);
    const object: unknown = document.toJS();
    if (isRecord(object)) objects.push(object);
  }
  return objects;
}

/** Applies the CustomResourceDefinitions of the working copy and waits until they are served; returns their names. */
export async function installDefinitions(client: GroundClient): Promise<string[]> {
  const folder = join(repository, "manifests", "crds");
  const definitions: Manifest[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.name.endsWith(".yaml") || entry.name === "kustomization.yaml") continue;
    definitions.push(...await readManifests(join(folder, entry.name)));
  }
  return (await Promise.all(definitions.map((definition) => install(client, definition)))).sort();
}

async function install(client: GroundClient, definition: Manifest): Promise<string> {
  const name = stringAt(definition, "metadata", "name") ?? "";
  await client.apply(definition);
  await waitUntil(
    `${name} to be served`,
    async () => await client.get(await client.pathOf(definition)),
    (seen) => conditionStatus(seen, "Established") === "True",
  );
  return name;
}

/** How to run the operator. */
export interface OperatorOptions {
  readonly kubeconfigPath: string;
  /** File for its log. */
  readonly log: string;
  /** Ports on loopback. */
  readonly metricsPort: number;
  readonly probePort: number;
  /** A program and its arguments that start it somewhere else. */
  readonly through?: readonly string[];
}

/** Starts the operator from source, with the permissions that `deno.json` gives it and the kubeconfig to read. */
export function startOperator(options: OperatorOptions): GuardedProcess {
  const { kubeconfigPath, log, metricsPort, probePort, through = [] } = options;
  const [program = "", ...before] = [...through, Deno.execPath()];
  return spawnGuarded({
    program,
    args: [
      ...before,
      "run",
      "--quiet",
      "--no-prompt",
      "-P=operator",
      `--allow-read=${kubeconfigPath}`,
      join(repository, "main.ts"),
      "run",
      `--kubeconfig=${kubeconfigPath}`,
      `--metrics-bind-address=127.0.0.1:${metricsPort}`,
      "--metrics-secure=false",
      `--health-probe-bind-address=127.0.0.1:${probePort}`,
    ],
    cwd: repository,
    log,
  });
}
