/** A namespace of its own for each test. */
import { GroundClient } from "./client.ts";
import { sharedCluster } from "./ground.ts";

/** What a test gets to work with. */
export interface NamespaceScope {
  /** Name of the namespace. */
  readonly namespace: string;
  /** Client of the cluster's administrator. */
  readonly client: GroundClient;
}

/**
 * Runs `body` in a fresh namespace of the shared cluster (or of `client`'s) whose name tells the test's. Afterwards the
 * namespace is told to go, and its end is not waited for.
 */
export async function withNamespace(
  t: Pick<Deno.TestContext, "name">,
  body: (scope: NamespaceScope) => Promise<void>,
  client?: GroundClient,
): Promise<void> {
  if (client === undefined) {
    using own = new GroundClient(sharedCluster().connection);
    return await withNamespace(t, body, own);
  }
  const namespace = uniqueName(t.name);
  await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  try {
    await body({ namespace, client });
  } finally {
    await remove(client, namespace);
  }
}

/** A DNS label from a sentence: at most 40 characters of it, and eight random ones. */
export function uniqueName(sentence: string): string {
  const slug = sentence.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40).replaceAll(/^-+|-+$/g, "");
  const random = crypto.randomUUID().slice(0, 8);
  return slug === "" ? `t-${random}` : `t-${slug}-${random}`;
}

/** A test may end with its API server down; that must not hide what the test itself found. */
async function remove(client: GroundClient, namespace: string): Promise<void> {
  try {
    await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
  } catch (error) {
    console.warn(`Cannot delete namespace ${namespace}: ${error instanceof Error ? error.message : error}`);
  }
}
