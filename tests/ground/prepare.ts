/** Gets ready what a run needs: programs, and a shared cluster of ours or the one that `KUBECONFIG` names. */
import { dirname, join } from "node:path";
import { type Binaries, givenBinaries, isFile, temporaryRoot } from "./binaries.ts";
import { ensureBinaries, type Progress } from "./build.ts";
import { readKubeconfig } from "./connection.ts";
import { programsOf, startControlPlane } from "./control_plane.ts";
import type { GroundDescription, SharedCluster } from "./ground.ts";
import { ensureHelm } from "./helm.ts";
import { grantRights, operatorIdentity, refusals } from "./operator_account.ts";
import { MOST_NODES } from "./nodes/layout.ts";
import { startRealCluster } from "./nodes/real_cluster.ts";
import { ensurePostgres, ensurePostgresTools } from "./postgres.ts";
import { ensurePromtool } from "./promtool.ts";

/** What a group of tests needs running: see `tests/runner/groups.ts`. */
export type Need = "shared" | "private" | "postgres" | "upgrade" | "promtool" | "nodes" | "helm";

/** A ground that is ready; disposing of it stops what was started. */
export interface PreparedGround extends AsyncDisposable {
  readonly description: GroundDescription;
  /** Folders that tests must be able to read. */
  readonly folders: readonly string[];
  /** What the operator was refused on the shared cluster for lack of rights, in sentences. */
  refusals(): Promise<string[]>;
}

/** Starts as little as the needs ask for. */
export async function prepareGround(needs: ReadonlySet<Need>, progress: Progress): Promise<PreparedGround> {
  const programs = {
    ...await preparePostgres(needs, progress),
    ...(needs.has("promtool") ? { promtool: await ensurePromtool(progress) } : {}),
  };
  if (needs.has("nodes")) return await prepareNodes(programs, progress);
  const plane = await prepareControlPlane(needs, progress);
  return { ...plane, description: { ...plane.description, ...programs } };
}

/** Real nodes come alone: a machine that carries them has no time for another control plane. */
async function prepareNodes(
  programs: Partial<GroundDescription>,
  progress: Progress,
): Promise<PreparedGround> {
  const cluster = await startRealCluster(MOST_NODES, progress);
  const { folder, kubectl } = cluster.description;
  return {
    description: {
      ...programs,
      binaries: { kubectl },
      nodes: cluster.description,
      temporary: temporaryRoot(),
    },
    folders: [folder, dirname(kubectl)],
    refusals: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** An upgrade starts from an older server, and copies the schema with the programs of the newer one. */
async function preparePostgres(
  needs: ReadonlySet<Need>,
  progress: Progress,
): Promise<Pick<GroundDescription, "helm" | "postgres" | "olderPostgres" | "postgresTools">> {
  const isUpgrade = needs.has("upgrade");
  return {
    ...(needs.has("helm") ? { helm: await ensureHelm(progress) } : {}),
    ...(needs.has("postgres") || isUpgrade ? { postgres: await ensurePostgres(progress) } : {}),
    ...(isUpgrade
      ? {
        olderPostgres: await ensurePostgres(progress, "16"),
        postgresTools: await ensurePostgresTools(progress),
      }
      : {}),
  };
}

async function prepareControlPlane(needs: ReadonlySet<Need>, progress: Progress): Promise<PreparedGround> {
  if (!needs.has("shared") && !needs.has("private")) return prepared({ binaries: {} });
  const kubeconfig = Deno.env.get("KUBECONFIG");
  if (kubeconfig) return await existingCluster(kubeconfig, progress);
  const parts = needs.has("shared") ? "all" : "api";
  const binaries = await ensureBinaries([...programsOf.all, "kubectl"], progress);
  if (parts === "api") return prepared({ binaries });
  const started = performance.now();
  const plane = await startControlPlane("all", binaries, { auditedUser: operatorIdentity.user });
  await grantRights(plane.connection);
  progress(`Control plane up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const shared: SharedCluster = {
    connection: plane.connection,
    kubeconfigPath: plane.kubeconfigPath,
    operator: await plane.connectionAs(operatorIdentity),
    etcd: plane.etcd,
    folder: plane.folder,
  };
  return {
    ...prepared({ shared, binaries }, () => plane.stop()),
    refusals: async () => refusals(await plane.auditedRequests()),
  };
}

async function existingCluster(kubeconfigPath: string, progress: Progress): Promise<PreparedGround> {
  const connection = await readKubeconfig(kubeconfigPath);
  progress(
    `Using the existing cluster at ${connection.server} (KUBECONFIG): tests that need a control plane of their own are skipped`,
  );
  const kubectl = await existingKubectl() ?? (await ensureBinaries(["kubectl"], progress)).kubectl;
  return prepared({
    shared: { connection, kubeconfigPath },
    binaries: kubectl === undefined ? {} : { kubectl },
  });
}

/** Whoever has a cluster most likely has kubectl too. */
async function existingKubectl(): Promise<string | undefined> {
  const given = await givenBinaries(["kubectl"]);
  if (given.kubectl !== undefined) return given.kubectl;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = join(folder, "kubectl");
    if (folder !== "" && await isFile(path)) return path;
  }
  return undefined;
}

function prepared(
  found: Omit<GroundDescription, "temporary">,
  stop: () => Promise<void> = () => Promise.resolve(),
): PreparedGround {
  const description = { ...found, temporary: temporaryRoot() };
  return {
    description,
    folders: foldersOf(description),
    refusals: () => Promise.resolve([]),
    [Symbol.asyncDispose]: stop,
  };
}

function foldersOf({ shared, binaries }: GroundDescription): string[] {
  const folders = programFolders(binaries);
  if (shared !== undefined) folders.push(shared.folder ?? dirname(shared.kubeconfigPath));
  return [...new Set(folders)];
}

function programFolders(binaries: Binaries): string[] {
  const paths: (string | undefined)[] = Object.values<string | undefined>(binaries);
  return paths.filter((path) => path !== undefined).map((path) => dirname(path));
}
