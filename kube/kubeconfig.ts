/**
 * Credentials of a kubeconfig. What stands in the files is read here; what needs a plug-in (`exec`, `auth-provider`) is
 * left to `@kubernetes/client-node`, which is loaded only then, as it costs about 90 MB of memory.
 */
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError, readText, refreshedToken } from "./credentials.ts";
import { isRecord } from "./errors.ts";

export interface KubeconfigOptions {
  /** Files in the order of precedence; those that do not exist are passed over, as kubectl does. */
  readonly paths: readonly string[];
  readonly clock: Pick<Clock, "monotonic">;
  /** Name of the context to use; that of the files' `current-context` when absent. */
  readonly context?: string;
}

/** A named entry, and the file it stands in: paths inside it are relative to that. */
interface Entry {
  readonly value: Readonly<Record<string, unknown>>;
  readonly file: string;
}

interface Merged {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * The connection that the named, or else the current, context stands for.
 * @throws ConnectionError that names the file and the entry at fault.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<Connection> {
  const merged = await readAll(options.paths);
  const contextName = options.context ?? merged.currentContext;
  if (contextName === undefined) {
    throw new ConnectionError(
      `Cannot use ${
        merged.files.join(":")
      } as it has no current-context; set one with kubectl config use-context`,
    );
  }
  const context = entry(merged, "contexts", contextName);
  const cluster = entry(merged, "clusters", text(context, "cluster") ?? "");
  const user = entry(merged, "users", text(context, "user") ?? "");
  refuseUnsupported(cluster, user);
  const server = text(cluster, "server");
  if (server === undefined) {
    throw new ConnectionError(`Cannot use ${cluster.file} as its cluster names no server`);
  }
  const caPem = await pem(cluster, "certificate-authority");
  return {
    server,
    namespace: text(context, "namespace") ?? "default",
    ...(caPem === undefined ? {} : { caPem }),
    ...await credentials(user, { files: merged.files, context: contextName, clock: options.clock }),
  };
}

type Credentials = Pick<Connection, "certPem" | "keyPem" | "token">;

/** What a plug-in is found by: the files that were read, and the context in use. */
export interface PluginOrigin {
  readonly files: readonly string[];
  readonly context: string;
  readonly clock: Pick<Clock, "monotonic">;
}

async function credentials(
  user: Entry,
  { files, context, clock }: PluginOrigin,
): Promise<Credentials> {
  if ("exec" in user.value || "auth-provider" in user.value) {
    const { loadPluginCredentials } = await import("./kubeconfig_plugin.ts");
    return await loadPluginCredentials({ files, context, clock });
  }
  const certPem = await pem(user, "client-certificate");
  const keyPem = await pem(user, "client-key");
  const certificate = certPem === undefined || keyPem === undefined ? {} : { certPem, keyPem };
  const token = tokenOf(user, clock);
  return token === undefined ? certificate : { ...certificate, token };
}

/** A file of a token wins over a token, as in kubectl. */
function tokenOf(user: Entry, clock: Pick<Clock, "monotonic">): (() => Promise<string>) | undefined {
  const path = text(user, "tokenFile");
  if (path !== undefined) {
    return refreshedToken(() => readText(beside(user.file, path), "the token file"), clock);
  }
  const token = text(user, "token");
  return token === undefined ? undefined : () => Promise.resolve(token);
}

/** What would change whom we talk to, or as whom, must not be passed over in silence. */
function refuseUnsupported(cluster: Entry, user: Entry): void {
  const refused: [Entry, string, string][] = [
    [cluster, "insecure-skip-tls-verify", "add the server's certificate-authority instead"],
    [cluster, "proxy-url", "connect directly"],
    [cluster, "tls-server-name", "use a server name that the certificate carries"],
    [user, "username", "use a token or a client certificate"],
    [user, "as", "use credentials of that user"],
  ];
  for (const [{ value, file }, field, remedy] of refused) {
    const set = value[field];
    if (set === undefined || set === false || set === "") continue;
    throw new ConnectionError(
      `Cannot use ${file} as ${field} (${JSON.stringify(set)}) is not supported; ${remedy}`,
    );
  }
}

async function readAll(paths: readonly string[]): Promise<Merged> {
  const entries = new Map<string, Entry>();
  const files: string[] = [];
  let currentContext: string | undefined;
  for (const path of paths) {
    const config = await readOne(path);
    if (config === undefined) continue;
    files.push(path);
    currentContext ??= typeof config["current-context"] === "string"
      ? config["current-context"] || undefined
      : undefined;
    collect(config, path, entries);
  }
  if (files.length === 0) {
    const places = paths.join(", ") || "none were named";
    throw new ConnectionError(
      `Cannot find a kubeconfig (looked at: ${places}); set KUBECONFIG or --kubeconfig`,
    );
  }
  return { files, currentContext, entries };
}

async function readOne(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
  }
  const source = await readText(path, "the kubeconfig");
  let config: unknown;
  try {
    config = parse(source);
  } catch (error) {
    const first = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new ConnectionError(`Cannot read the kubeconfig ${path} as it is no YAML: ${first}`);
  }
  if (!isRecord(config)) {
    throw new ConnectionError(`Cannot read the kubeconfig ${path} as it holds no mapping`);
  }
  return config;
}

/** The first file that names an entry decides it. */
function collect(config: Record<string, unknown>, file: string, entries: Map<string, Entry>): void {
  for (
    const [list, field] of [["contexts", "context"], ["clusters", "cluster"], ["users", "user"]] as const
  ) {
    const items = config[list];
    for (const item of Array.isArray(items) ? items.filter(isRecord) : []) {
      const key = `${list}/${item["name"]}`;
      const value = item[field];
      if (!entries.has(key)) entries.set(key, { value: isRecord(value) ? value : {}, file });
    }
  }
}

function entry(merged: Merged, list: string, name: string): Entry {
  const found = merged.entries.get(`${list}/${name}`);
  if (found !== undefined) return found;
  throw new ConnectionError(`Cannot use ${merged.files.join(":")} as "${name}" is not among its ${list}`);
}

function text({ value }: Entry, field: string): string | undefined {
  const found = value[field];
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** PEM text stands as base64 under `<field>-data`, which wins, or in a file under `<field>`. */
async function pem(owner: Entry, field: string): Promise<string | undefined> {
  const data = text(owner, `${field}-data`);
  if (data !== undefined) {
    try {
      return atob(data);
    } catch {
      throw new ConnectionError(`Cannot use ${owner.file} as ${field}-data is no base64`);
    }
  }
  const path = text(owner, field);
  return path === undefined
    ? undefined
    : await readText(beside(owner.file, path), `the ${field} of the kubeconfig`);
}

function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}
