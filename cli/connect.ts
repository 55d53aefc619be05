/** Reaches the API server before anything else starts, so that what is wrong is said at once and in one line. */
import { systemClock } from "../kube/clock.ts";
import type { Connection } from "../kube/connection.ts";
import { isRecord, parseStatus } from "../kube/errors.ts";
import { createFetchTransport } from "../kube/fetch_transport.ts";
import { type KubeResponse, type Transport, TransportError } from "../kube/transport.ts";
import { StartError } from "./exit.ts";
import type { Credentials } from "./options.ts";

/**
 * Finds the credentials. The code for kubeconfigs is loaded only when one is used.
 * @throws ConnectionError that says what is missing.
 */
export async function loadConnection(credentials: Credentials): Promise<Connection> {
  switch (credentials.kind) {
    case "in-cluster": {
      const { loadInCluster } = await import("../kube/in_cluster.ts");
      return await loadInCluster({ host: credentials.host, port: credentials.port, clock: systemClock });
    }
    case "kubeconfig": {
      const { loadKubeconfig } = await import("../kube/kubeconfig.ts");
      return await loadKubeconfig({ paths: credentials.paths, clock: systemClock });
    }
  }
}

/**
 * Opens the transport. No request is sent yet.
 * @throws StartError for certificates that TLS cannot use.
 */
export function openTransport(connection: Connection): Transport {
  try {
    return createFetchTransport(connection);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `Cannot use the certificates for ${connection.server}: ${why}; check client certificate, key and authority`,
      { cause: error },
    );
  }
}

/** Time for the first request, in milliseconds. */
const FIRST_MS = 10_000;

/**
 * Asks the API server who we are.
 * @returns the user's name; undefined when the server does not say (it is older than 1.28, or keeps it to itself).
 * @throws StartError when it cannot be reached, is not who it should be, or does not know us.
 */
export async function whoAmI(transport: Transport, server: string): Promise<string | undefined> {
  const response = await ask(transport, server);
  if (response.status === 401) {
    throw new StartError(
      `Cannot log in to ${server}: it does not know these credentials (401 Unauthorized); ` +
        "log in again, or name another kubeconfig or context",
    );
  }
  if (response.status >= 500) {
    const { message } = parseStatus(response.status, response.body);
    throw new StartError(`Cannot work with ${server} as it answers ${response.status}: ${message}`);
  }
  return userIn(response.body);
}

async function ask(transport: Transport, server: string): Promise<KubeResponse> {
  const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
  try {
    return await transport.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      contentType: "application/json",
      body,
      timeoutMs: FIRST_MS,
    });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new StartError(explain(error, server), { cause: error });
  }
}

function explain(error: TransportError, server: string): string {
  // The transport's message begins with the request, which nobody made knowingly here.
  const detail = error.message.replace(/^\w+ \S+: /, "");
  switch (error.failure) {
    case "unreachable":
      return `Cannot reach the API server at ${server}: ${detail}; is it running, and is the address right?`;
    case "timeout":
      return `Cannot reach the API server at ${server}: no answer within ${FIRST_MS / 1000} s; ` +
        "does a firewall or NetworkPolicy stand in between?";
    case "untrusted":
      return `Cannot trust the API server at ${server}: ${detail}; ` +
        "certificate-authority must be the one that issued its certificate";
    case "aborted":
    case "broken":
    case "fenced":
      return `Cannot talk to the API server at ${server}: ${detail}; is it an API server, and is it http or https?`;
  }
}

function userIn(body: string): string | undefined {
  try {
    const review: unknown = JSON.parse(body);
    const status = isRecord(review) ? review["status"] : undefined;
    const userInfo = isRecord(status) ? status["userInfo"] : undefined;
    const username = isRecord(userInfo) ? userInfo["username"] : undefined;
    return typeof username === "string" ? username : undefined;
  } catch {
    return undefined;
  }
}
