/** The real program, from source and as a bundle, on behalf of a user whose requests the API server notes. */
import { join } from "node:path";
import { entrypoint } from "../../tools/image/entrypoint.ts";
import type { AuditedRequest } from "../ground/audit.ts";
import { type GuardedProcess, spawnGuarded } from "../ground/guard.ts";
import { repository } from "../ground/operator.ts";
import { freePort } from "../ground/ports.ts";
import type { Stage } from "./benchmark.ts";
import { bundleEnv, heapFlag, noCodeCache } from "./v8.ts";

/** The user that the program is. */
export const user = "bench:operator";

/** A way to run the program. */
export interface Variant {
  readonly name: string;
  /** Arguments of Deno up to the program's own. */
  readonly start: readonly string[];
  /** Folder of the program's files. */
  readonly folder: string;
  /** Flags of the program. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program under way. */
export interface RunningOperator {
  readonly process: GuardedProcess;
  /** When it was started, in milliseconds since 1970. */
  readonly since: number;
  readonly log: string;
}

/** The program, and its threads: see the task `bundle` in `deno.json`. */
const entries = ["main.ts", "webhook/worker.ts", "webhook/pki/worker.ts"];

/** What Deno wants to be readable of the code of threads, from source. */
const rooms = ["api", "certs", "kube", "postgres", "resolve", "telemetry", "webhook"];

const configPath = join(repository, "deno.json");
const config = `--config=${configPath}`;

/**
 * From source; and, the usual one last, as the image has it, where `deno bundle` can be used (it fetches its bundler once). What
 * Deno keeps of earlier starts is the bundle's own, and empty before the first one.
 */
export async function variants(stage: Stage): Promise<Variant[]> {
  const source = sourceVariant();
  const folder = join(stage.scratch, "bundle");
  const log = `${folder}.log`;
  const sources = entries.map((path) => join(repository, path));
  const bundler = spawnGuarded({
    program: Deno.execPath(),
    args: ["bundle", "--minify", "--code-splitting", `--outdir=${folder}`, config, ...sources],
    cwd: repository,
    log,
  });
  if ((await bundler.ended).success) {
    const env = { DENO_DIR: join(stage.scratch, "cache"), ...bundleEnv };
    const bundled = { start: await startOfImage(folder), folder, env };
    return [
      source,
      { ...bundled, name: "bundled, metrics over TLS", args: [] },
      {
        ...bundled,
        name: "bundled, metrics in the clear, webhooks that nobody calls",
        args: ["--metrics-secure=false", "--webhook-enable", `--webhook-port=${freePort()}`],
      },
      { ...bundled, name: "bundled, metrics in the clear", args: ["--metrics-secure=false"] },
    ];
  }
  stage.say(`Not bundled: ${(await Deno.readTextFile(log)).trim().split("\n").at(-1)}`);
  return [source];
}

/** The way in which programs are measured unless ways are compared. @throws Error when there is none */
export async function usualVariant(stage: Stage): Promise<Variant> {
  const variant = (await variants(stage)).at(-1);
  if (variant === undefined) throw new Error("Cannot measure as there is no way to run the operator");
  return variant;
}

function sourceVariant(): Variant {
  const read = rooms.map((room) => join(repository, room)).join(",");
  const permissions = ["-P=operator", `--allow-read=${read}`];
  const start = [
    "run",
    "--quiet",
    "--no-prompt",
    heapFlag,
    config,
    ...permissions,
    join(repository, "main.ts"),
  ];
  return { name: "from source", start, folder: repository, args: [] };
}

/** As the image starts its bundle, whose folder for compiled code is read-only. */
async function startOfImage(folder: string): Promise<string[]> {
  const [, ...words] = entrypoint(JSON.parse(await Deno.readTextFile(configPath)), folder);
  return words.toSpliced(1, 0, noCodeCache);
}

/**
 * Lets Deno take the program apart and keep what it learnt, as an image does when it is built: otherwise the first start
 * does so, and the memory for that stays with it.
 */
export async function fillCache({ folder, env }: Variant): Promise<void> {
  const isBundle = folder !== repository;
  const modules = entries.map((path) => join(folder, isBundle ? path.replace(/\.ts$/, ".js") : path));
  const ended = spawnGuarded({
    program: Deno.execPath(),
    args: ["cache", "--quiet", isBundle ? "--no-config" : config, ...modules],
    cwd: repository,
    ...(env === undefined ? {} : { env }),
  }).ended;
  if (!(await ended).success) throw new Error(`Cannot prepare ${folder}: see what Deno said above`);
}

/** Starts the program with the permissions that it has as an operator, and a kubeconfig of the audited user. */
export async function startOperator(stage: Stage, variant: Variant): Promise<RunningOperator> {
  const connection = await stage.plane.connectionAs({ user, groups: ["system:masters"] });
  const kubeconfigPath = await stage.plane.writeKubeconfig("operator", connection);
  const log = join(stage.scratch, `operator-${crypto.randomUUID()}.log`);
  const since = Date.now();
  const process = spawnGuarded({
    program: Deno.execPath(),
    args: [
      ...alsoReading(variant.start, kubeconfigPath),
      "run",
      `--kubeconfig=${kubeconfigPath}`,
      "--leader-elect",
      "--zap-devel=false",
      "--metrics-bind-address=127.0.0.1:0",
      "--health-probe-bind-address=127.0.0.1:0",
      ...variant.args,
    ],
    cwd: repository,
    log,
    ...(variant.env === undefined ? {} : { env: variant.env }),
  });
  return { process, since, log };
}

/** The same with one file more that may be read. */
function alsoReading(start: readonly string[], path: string): string[] {
  return start.map((word) => word.startsWith("--allow-read=") ? `${word},${path}` : word);
}

/** Why nothing more is to be expected of the program, or undefined while it runs. */
export function whyEnded({ process, log }: RunningOperator): string | undefined {
  if (process.running()) return undefined;
  return `the operator has ended; its log ends with\n${Deno.readTextFileSync(log).slice(-2000)}`;
}

/** Whether a request is one that a quiet operator makes all the same: open watches, and its lease. */
export function isQuiet({ verb, resource }: AuditedRequest): boolean {
  return verb === "watch" || resource === "leases";
}

/** Whether a request changes an object that is neither a lease nor a question. */
export function isWork(request: AuditedRequest): boolean {
  const writes = ["create", "update", "patch", "delete"];
  return !isQuiet(request) && writes.includes(request.verb) && !request.resource.startsWith("self");
}
