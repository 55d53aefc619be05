/**
 * Growth of claims. It comes first and asks nothing: a disk that is full must be mendable while its pod is down, and
 * whatever else waits.
 *
 * | wanted vs requested | class can grow | claim                | done                     |
 * | ------------------- | -------------- | -------------------- | ------------------------ |
 * | none wanted, equal  |                |                      | nothing                  |
 * | any                 |                | lost, or being ended | nothing                  |
 * | more                | yes            | in use or not        | grown                    |
 * | more                | no             |                      | refused, the rest goes on |
 * | less                |                |                      | refused, the rest goes on |
 */
import type { LifeAction, Verdict } from "./actions.ts";
import type { Finding } from "./findings.ts";
import type { LifeClaim, LifeShard } from "./model.ts";

export function growthOf({ claims }: Pick<LifeShard, "claims">): Verdict {
  const judged = claims.filter(({ lost, terminating }) => !lost && !terminating);
  return {
    actions: judged.flatMap((claim) => growClaim(claim) ?? []),
    waits: [],
    findings: judged.flatMap((claim) => refusalOf(claim) ?? []),
  };
}

function growClaim({ name, requestedBytes, wantedBytes, growable }: LifeClaim): LifeAction | undefined {
  if (wantedBytes === undefined || wantedBytes <= requestedBytes || !growable) return undefined;
  return { kind: "growClaim", claim: name, bytes: wantedBytes };
}

function refusalOf({ name, requestedBytes, wantedBytes, growable }: LifeClaim): Finding | undefined {
  if (wantedBytes === undefined || wantedBytes === requestedBytes) return undefined;
  const sizes = `${requestedBytes} bytes, wanted are ${wantedBytes}`;
  if (wantedBytes < requestedBytes) {
    return {
      reason: "StorageShrinkRefused",
      subject: name,
      message: `Cannot shrink claim ${name} as Kubernetes lets claims only grow: it asks for ${sizes}; ` +
        "set the size back.",
    };
  }
  if (growable) return undefined;
  return {
    reason: "StorageCannotGrow",
    subject: name,
    message: `Cannot grow claim ${name} as its StorageClass does not allow it: it asks for ${sizes}; ` +
      "set allowVolumeExpansion on the class, or set the size back.",
  };
}
