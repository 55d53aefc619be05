/** Kubeconfig files: where they are, how several make one, and what their current context stands for. */
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { ConnectionError, readCredential } from "./credential_file.ts";
import { isRecord } from "./errors.ts";

/** Which files to read. */
export interface KubeconfigPlaces {
  /** In order of precedence: the first file that says something about a name wins, as with kubectl. */
  readonly paths: readonly string[];
  /** What named them, for errors: `--kubeconfig`, `KUBECONFIG`, or the default place. */
  readonly source: string;
  /** Files of a list may be missing as long as one is there. */
  readonly mayMiss: boolean;
}

/** An entry of a kubeconfig together with where it stands, as paths in it are relative to its file. */
export interface Entry {
  readonly value: Readonly<Record<string, unknown>>;
  /** Such as `users[name=admin].user`, for errors. */
  readonly field: string;
  readonly file: string;
}

/** The parts of a kubeconfig that the current context selects. */
export interface SelectedContext {
  readonly name: string;
  readonly cluster: Entry;
  readonly user: Entry;
  readonly namespace: string;
}

/**
 * Where to look: a path from the command line, else the list in `KUBECONFIG` (separated by colons), else `~/.kube/config`.
 * @throws ConnectionError when none of them says anything.
 */
export function kubeconfigPlaces(
  flag: string | undefined,
  env: { readonly kubeconfig: string | undefined; readonly home: string | undefined },
): KubeconfigPlaces {
  if (flag !== undefined && flag !== "") return { paths: [flag], source: "--kubeconfig", mayMiss: false };
  const listed = (env.kubeconfig ?? "").split(":").filter((path) => path !== "");
  if (listed.length > 0) return { paths: listed, source: "KUBECONFIG", mayMiss: listed.length > 1 };
  if (env.home === undefined || env.home === "") {
    throw new ConnectionError(
      "Cannot find a kubeconfig as neither --kubeconfig nor KUBECONFIG nor HOME is given, and this is no pod",
    );
  }
  return { paths: [`${env.home}/.kube/config`], source: "the default place", mayMiss: false };
}

/**
 * Reads the files and selects the current context.
 * @throws ConnectionError that names the file, the field, and what is wrong with it.
 */
export async function readKubeconfig(places: KubeconfigPlaces): Promise<SelectedContext> {
  const files: ParsedFile[] = [];
  for (const path of places.paths) {
    const file = await readFile(path, places);
    if (file !== undefined) files.push(file);
  }
  if (files.length === 0) {
    throw new ConnectionError(
      `Cannot read a kubeconfig as none of the files in ${places.source} exists: ${places.paths.join(", ")}`,
    );
  }
  const where = files.map(({ path }) => path).join(", ");
  const name = files.map(({ content }) => content["current-context"]).find(isText);
  if (name === undefined) {
    throw new ConnectionError(`Cannot use the kubeconfig ${where}: no current-context is set`);
  }
  const context = find(files, "context", { name, wantedBy: "current-context" });
  const reference = (kind: "cluster" | "user") => {
    const target = context.value[kind];
    if (!isText(target)) {
      throw new ConnectionError(`Cannot use ${context.file}: ${context.field}.${kind} is missing`);
    }
    return find(files, kind, { name: target, wantedBy: `${context.field}.${kind}` });
  };
  const namespace = context.value["namespace"];
  return {
    name,
    cluster: reference("cluster"),
    user: reference("user"),
    namespace: isText(namespace) ? namespace : "default",
  };
}

/** A path that an entry holds, made absolute; undefined when the field is absent. */
export function pathIn(entry: Entry, key: string): string | undefined {
  const path = textIn(entry, key);
  if (path === undefined || isAbsolute(path)) return path;
  return join(dirname(entry.file), path);
}

/** A non-empty text that an entry holds; undefined when the field is absent or empty. */
export function textIn(entry: Entry, key: string): string | undefined {
  const value = entry.value[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (isText(value)) return value;
  throw new ConnectionError(`Cannot use ${entry.file}: ${entry.field}.${key} must be text`);
}

interface ParsedFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

async function readFile(path: string, places: KubeconfigPlaces): Promise<ParsedFile | undefined> {
  let text: string;
  try {
    text = await readCredential(path, `the kubeconfig (from ${places.source})`);
  } catch (error) {
    const missing = error instanceof ConnectionError && error.cause instanceof Deno.errors.NotFound;
    if (missing && places.mayMiss) return undefined;
    throw error;
  }
  return { path, content: parseYaml(path, text) };
}

/** The parser's own messages quote the text around the fault, and that may be a key: they are not passed on. */
function parseYaml(path: string, text: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    const line = isRecord(error) && Array.isArray(error["linePos"]) && isRecord(error["linePos"][0])
      ? `, line ${error["linePos"][0]["line"]}`
      : "";
    throw new ConnectionError(`Cannot use the kubeconfig ${path}: it is not valid YAML${line}`);
  }
  if (!isRecord(content)) throw new ConnectionError(`Cannot use the kubeconfig ${path}: it holds no object`);
  return content;
}

/** Finds a context, cluster or user by name. Lists are called `contexts`, `clusters`, `users`. */
function find(
  files: readonly ParsedFile[],
  kind: "context" | "cluster" | "user",
  wanted: { readonly name: string; readonly wantedBy: string },
): Entry {
  for (const { path, content } of files) {
    const list = content[`${kind}s`];
    const item = (Array.isArray(list) ? list : []).find((entry) =>
      isRecord(entry) && entry["name"] === wanted.name
    );
    if (isRecord(item) && isRecord(item[kind])) {
      return { value: item[kind], field: `${kind}s[name=${wanted.name}].${kind}`, file: path };
    }
  }
  const where = files.map(({ path }) => path).join(", ");
  throw new ConnectionError(
    `Cannot use the kubeconfig ${where}: ${wanted.wantedBy} names the ${kind} "${wanted.name}", which is not there`,
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
