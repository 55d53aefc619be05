/** Credentials that a program or an identity provider hands out, through `@kubernetes/client-node`. */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { Connection } from "./connection.ts";
import { ConnectionError, refreshedToken } from "./credentials.ts";
import type { PluginOrigin } from "./kubeconfig.ts";

/**
 * Runs the plug-in of a context. Its token is asked for once a minute; the library keeps it until it expires.
 * @throws ConnectionError when the plug-in fails, or may not be run.
 */
export async function loadPluginCredentials(
  { files, context, clock }: PluginOrigin,
): Promise<Pick<Connection, "certPem" | "keyPem" | "token">> {
  const config = new KubeConfig();
  for (const [at, file] of files.entries()) {
    const next = new KubeConfig();
    next.loadFromFile(file);
    if (at === 0) config.loadFromString(next.exportConfig());
    else config.mergeConfig(next, true);
  }
  config.setCurrentContext(context);
  const first = await ask(config);
  const certificate = first.cert === undefined || first.key === undefined
    ? {}
    : { certPem: first.cert, keyPem: first.key };
  if (first.token === undefined) return certificate;
  const token = refreshedToken(async () => (await ask(config)).token ?? "", clock);
  return { ...certificate, token };
}

interface Answer {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

async function ask(config: KubeConfig): Promise<Answer> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(
      `Cannot get credentials from the kubeconfig's plug-in: ${why}; it needs --allow-run for its program`,
    );
  }
  const header = new Headers(flatten(options.headers)).get("authorization");
  const bearer = header?.replace(/^Bearer /i, "");
  return {
    ...(bearer === undefined ? {} : { token: bearer }),
    ...(options.cert === undefined ? {} : { cert: String(options.cert) }),
    ...(options.key === undefined ? {} : { key: String(options.key) }),
  };
}

function flatten(headers: RequestOptions["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}
