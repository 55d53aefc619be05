/** Credential plug-ins: programs that a kubeconfig names, which print an ExecCredential. */
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError } from "./credential_file.ts";
import { isRecord } from "./errors.ts";
import { type Entry, pathIn, textIn } from "./kubeconfig_file.ts";

/** How long a plug-in may take, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** A token is replaced this long before it expires, in milliseconds, so that none expires under way. */
const EARLY_MS = 30_000;

const VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/** Credentials of a plug-in, and until when they hold. */
interface Credential {
  readonly token?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  /** Milliseconds since 1970; absent when they do not expire. */
  readonly expires?: number;
}

/**
 * Runs the plug-in of a user once, and for tokens again whenever the last one is about to expire. A client certificate
 * stays as it is for the life of the process.
 * @throws ConnectionError when the plug-in cannot be run, fails, or prints something else.
 */
export async function execCredential(
  user: Entry,
  cluster: { readonly server: string; readonly caPem?: string },
  clock: Pick<Clock, "now">,
): Promise<Pick<Connection, "certPem" | "keyPem" | "token">> {
  const plugin = readPlugin(user, cluster);
  const first = await run(plugin);
  const { certPem, keyPem } = first;
  const certificate = certPem === undefined || keyPem === undefined ? {} : { certPem, keyPem };
  return first.token === undefined ? certificate : { ...certificate, token: renewing(plugin, first, clock) };
}

function renewing(plugin: Plugin, first: Credential, clock: Pick<Clock, "now">): () => Promise<string> {
  let current = first;
  let running: Promise<void> | undefined;
  const renew = async () => {
    current = await run(plugin);
  };
  return async () => {
    if (current.expires !== undefined && clock.now().getTime() > current.expires - EARLY_MS) {
      running ??= renew().finally(() => running = undefined);
      await running;
    }
    return current.token ?? "";
  };
}

/** What to run. */
interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  /** Where it is named, for errors. */
  readonly field: string;
  readonly file: string;
}

function readPlugin(user: Entry, cluster: { readonly server: string; readonly caPem?: string }): Plugin {
  const field = `${user.field}.exec`;
  const value = user.value["exec"];
  if (!isRecord(value)) throw new ConnectionError(`Cannot use ${user.file}: ${field} must be an object`);
  const exec: Entry = { value, field, file: user.file };
  const bare = textIn(exec, "command");
  if (bare === undefined) throw new ConnectionError(`Cannot use ${user.file}: ${field}.command is missing`);
  const apiVersion = textIn(exec, "apiVersion") ?? "";
  if (!VERSIONS.includes(apiVersion)) {
    throw new ConnectionError(
      `Cannot use ${user.file}: ${field}.apiVersion must be ${
        VERSIONS.join(" or ")
      }: current value is ${apiVersion}`,
    );
  }
  // As kubectl does: a bare name is looked up in PATH, anything with a slash is relative to the kubeconfig.
  const command = bare.includes("/") ? pathIn(exec, "command") ?? bare : bare;
  const args = Array.isArray(value["args"]) ? value["args"].map(String) : [];
  const info = execInfo(apiVersion, value["provideClusterInfo"] === true ? cluster : undefined);
  return {
    command,
    args,
    env: { ...envOf(value["env"]), KUBERNETES_EXEC_INFO: info },
    apiVersion,
    field,
    file: user.file,
  };
}

function envOf(list: unknown): Record<string, string> {
  const entries = (Array.isArray(list) ? list : []).filter(isRecord);
  return Object.fromEntries(entries.map(({ name, value }) => [String(name), String(value ?? "")]));
}

/** What the plug-in is told: nobody sits at a terminal, and (when it asks for that) which cluster it is for. */
function execInfo(
  apiVersion: string,
  cluster: { readonly server: string; readonly caPem?: string } | undefined,
): string {
  const described = cluster === undefined ? {} : {
    cluster: {
      server: cluster.server,
      ...(cluster.caPem === undefined ? {} : { "certificate-authority-data": btoa(cluster.caPem) }),
    },
  };
  return JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false, ...described } });
}

async function run(plugin: Plugin): Promise<Credential> {
  const { command, args, env } = plugin;
  const what = `the credential plug-in ${command} (${plugin.field} in ${plugin.file})`;
  let output: Deno.CommandOutput;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    output = await new Deno.Command(command, { args: [...args], env, stdin: "null", signal }).output();
  } catch (error) {
    throw new ConnectionError(`Cannot run ${what}: ${reason(command, error)}`, { cause: error });
  }
  if (!output.success) {
    const said = new TextDecoder().decode(output.stderr).trim().split("\n").at(-1) ?? "";
    throw new ConnectionError(
      `Cannot get credentials from ${what}: it ended with code ${output.code}: ${said}`,
    );
  }
  return parseCredential(new TextDecoder().decode(output.stdout), plugin.apiVersion, what);
}

function reason(command: string, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `the program has no permission to run it; start it with --allow-run=${command} --allow-env`;
  }
  if (error instanceof Deno.errors.NotFound) return "there is no such program";
  return error instanceof Error ? error.message : String(error);
}

/** What was printed is never quoted: it may hold the credential. */
function parseCredential(text: string, apiVersion: string, what: string): Credential {
  const printed = parseJson(text);
  const status = isRecord(printed) && printed["kind"] === "ExecCredential" ? printed["status"] : undefined;
  if (!isRecord(printed) || !isRecord(status)) {
    throw new ConnectionError(
      `Cannot get credentials from ${what}: it did not print an ExecCredential with a status`,
    );
  }
  if (printed["apiVersion"] !== apiVersion) {
    throw new ConnectionError(
      `Cannot get credentials from ${what}: it speaks ${
        printed["apiVersion"]
      }, the kubeconfig asks for ${apiVersion}`,
    );
  }
  const credential = credentialOf(status);
  if (credential.token === undefined && credential.keyPem === undefined) {
    throw new ConnectionError(
      `Cannot get credentials from ${what}: it printed neither a token nor a certificate with its key`,
    );
  }
  return credential;
}

function credentialOf(status: Readonly<Record<string, unknown>>): Credential {
  const { token, clientCertificateData: certPem, clientKeyData: keyPem, expirationTimestamp } = status;
  const expires = typeof expirationTimestamp === "string" ? Date.parse(expirationTimestamp) : NaN;
  return {
    ...(typeof token === "string" && token !== "" ? { token } : {}),
    ...(typeof certPem === "string" && typeof keyPem === "string" ? { certPem, keyPem } : {}),
    ...(Number.isNaN(expires) ? {} : { expires }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
