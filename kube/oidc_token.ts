/** Tokens of OpenID Connect, as the Kubernetes client library obtains and refreshes them. */
import { KubeConfig } from "@kubernetes/client-node";
import { ConnectionError } from "./credential_file.ts";
import type { Entry } from "./kubeconfig_file.ts";

/**
 * The token of a user with `auth-provider: oidc`. It is refreshed when it has expired; nothing is written back into the
 * kubeconfig.
 * @throws ConnectionError when there is no valid token and none can be had.
 */
export async function oidcToken(user: Entry): Promise<() => Promise<string>> {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "cluster", server: "https://unused.invalid", skipTLSVerify: false }],
    users: [{ name: "user", authProvider: structuredClone(user.value["auth-provider"]) }],
    contexts: [{ name: "context", cluster: "cluster", user: "user" }],
    currentContext: "context",
  });
  const token = () => currentToken(config, user);
  await token();
  return token;
}

async function currentToken(config: KubeConfig, user: Entry): Promise<string> {
  const options: { headers: Record<string, string> } = { headers: {} };
  const where = `${user.field}.auth-provider in ${user.file}`;
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`Cannot refresh the OpenID Connect token of ${where}: ${message}`, {
      cause: error,
    });
  }
  const header = options.headers["Authorization"];
  if (header === undefined) {
    throw new ConnectionError(
      `Cannot use ${where}: its token has expired and there is no refresh-token; log in again`,
    );
  }
  return header.replace(/^Bearer /, "");
}
