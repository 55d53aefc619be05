/**
 * Tests run the operator as its own ServiceAccount, with the rights that an installation gives it and no others. What the
 * API server refused it all the same is told at the end of the run, and counts as a failure.
 */
import { rbacObjects, usualInstallation } from "../../manifests/rbac/roles.ts";
import type { AuditedRequest } from "./audit.ts";
import { GroundClient } from "./client.ts";
import type { Connection } from "./connection.ts";
import type { Identity } from "./pki.ts";

const { namespace, accounts } = usualInstallation;

/** The operator, as an API server sees the bearer of its ServiceAccount's token. */
export const operatorIdentity: Identity = {
  user: `system:serviceaccount:${namespace}:${accounts.operator}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
};

/**
 * Gives the operator its rights. Each test has a namespace of its own in the place of the operator's, so what holds there
 * alone in an installation holds everywhere here; `tests/image` has an installation as it is.
 */
export async function grantRights(connection: Connection): Promise<void> {
  using client = new GroundClient(connection);
  await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const object of rbacObjects(usualInstallation)) await client.apply(everywhere(object));
}

function everywhere(object: object): Record<string, unknown> {
  const text = JSON.stringify(object).replaceAll('"Role"', '"ClusterRole"')
    .replaceAll('"RoleBinding"', '"ClusterRoleBinding"');
  const parsed: Record<string, unknown> = JSON.parse(text);
  return parsed;
}

/** What it was refused for lack of rights, each once: `patch pods/status of group "" (3 times)`. */
export function refusals(requests: readonly AuditedRequest[]): string[] {
  const counts = new Map<string, number>();
  for (const { forbidden, verb, resource, subresource, group } of requests) {
    if (!forbidden) continue;
    const what = `${verb} ${resource}${
      subresource === undefined ? "" : `/${subresource}`
    } of group "${group}"`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${what} (${count} times)`).sort();
}
