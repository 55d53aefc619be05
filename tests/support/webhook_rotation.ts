/** What happens to a webhook's certificates in ten years, in a minute; and clients that must not notice. */
import { DAY_MS, issueLeaf, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { findingsOf } from "../../certs/observe.ts";
import { toData } from "../../certs/pem.ts";
import { type SeenSecret, trimCertificateSecret } from "../../certs/secrets.ts";
import { Secrets } from "../../kube/kinds.ts";
import { isStored } from "../../kube/stored.ts";
import {
  authoritySecretName,
  servingNames,
  servingSecretName,
  webhookCertificates,
} from "../../webhook/pki/place.ts";
import { at, stringAt } from "../ground/json.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import { deleteNow } from "./delete_now.ts";
import type { TurnedClock } from "./turned_clock.ts";
import type { PkiStage } from "./webhook_pki.ts";

/** What became of the calls of some clients. */
export interface Calls {
  readonly made: number;
  /** What failed, with the time in seconds since the start. */
  readonly failures: readonly string[];
}

/** Lets clients create clusters, as dry runs that pass through both hooks, until `signal` aborts. */
export async function callOn(
  { namespace, ground }: PkiStage,
  clients: number,
  signal: AbortSignal,
): Promise<Calls> {
  const path = `/apis/multigres.com/v1alpha1/namespaces/${namespace}/multigresclusters?dryRun=All`;
  const spec = {
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    cells: [{ name: "a", zoneId: "use1-aza" }],
  };
  const cluster = {
    apiVersion: "multigres.com/v1alpha1",
    kind: "MultigresCluster",
    metadata: { name: "shop" },
    spec,
  };
  const start = performance.now();
  const failures: string[] = [];
  let made = 0;
  const client = async () => {
    while (!signal.aborted) {
      await delay(20);
      const { status, body } = await ground.send("POST", path, cluster);
      made++;
      if (status === 201 && at(body, "spec", "durabilityPolicy") === "AT_LEAST_2") continue;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      failures.push(`${seconds} s: ${status} ${stringAt(body, "message") ?? "without its defaults"}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { made, failures };
}

/** Something that happens to certificates. */
export type Mishap = (stage: PkiStage) => Promise<void>;

async function remove({ client, namespace }: PkiStage, ...names: readonly string[]): Promise<void> {
  for (const name of names) await deleteNow(client, Secrets, { namespace, name });
}

async function write(
  { client, namespace }: PkiStage,
  name: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, toData(text)]));
  await client.patch(Secrets, { namespace, name }, { data });
}

/** Tools that work at another time than now. */
const toolsAt = (days: number) => ({ now: new Date(Date.now() + days * DAY_MS), random: systemRandom });

/** Each is a reason for new certificates. Times are real ones: API servers know no other. */
export const mishaps: Readonly<Record<string, Mishap>> = {
  "the authority nears its end": async (stage) => {
    const profile = { organization: "Multigres Operator", commonName: "Multigres Operator CA" };
    const { certificate, key } = await makeAuthority(profile, toolsAt(29 - 3_650));
    await write(stage, authoritySecretName, { "ca.crt": certificate, "ca.key": key });
  },
  "the certificate nears its end": async (stage) => {
    const secret = await stage.secret(authoritySecretName);
    const signer = {
      certificate: atob(secret?.data?.["ca.crt"] ?? ""),
      key: atob(secret?.data?.["ca.key"] ?? ""),
    };
    const wanted = {
      organization: "Multigres Operator",
      commonName: stage.place.serviceName,
      dnsNames: servingNames(stage.place),
      usages: ["server"] as const,
    };
    const { certificate, key } = await issueLeaf(signer, wanted, toolsAt(20 - 365));
    await write(stage, servingSecretName, { "tls.crt": certificate, "tls.key": key });
  },
  "both Secrets are lost": (stage) => remove(stage, authoritySecretName, servingSecretName),
  "the authority is lost": (stage) => remove(stage, authoritySecretName),
  "the certificate is lost": (stage) => remove(stage, servingSecretName),
  "the certificate is overwritten": (stage) => write(stage, servingSecretName, { "tls.crt": "nonsense" }),
  "the key of the authority is overwritten": (stage) =>
    write(stage, authoritySecretName, { "ca.key": "nonsense" }),
};

/**
 * Lets one thing after the other happen, and turns the clock in between so far that what waits for API servers to learn of
 * something goes on.
 */
export async function rotate(
  stage: PkiStage,
  clock: TurnedClock,
  { rounds, everyMs }: { readonly rounds: number; readonly everyMs: number },
): Promise<void> {
  const all = Object.values(mishaps);
  for (let round = 0; round < rounds; round++) {
    await waitFor(
      "both Secrets",
      async () =>
        await stage.secret(authoritySecretName) !== undefined &&
        await stage.secret(servingSecretName) !== undefined,
    );
    await all[round % all.length]?.(stage);
    await delay(everyMs / 2);
    clock.turn(301);
    await delay(everyMs / 2);
  }
}

/** Why certificates are not in order at the end; undefined when they are. */
export async function disorder(stage: PkiStage, now: Date): Promise<string | undefined> {
  const set = webhookCertificates(stage.place, undefined, []);
  const seen = new Map<string, SeenSecret>();
  for (const name of [authoritySecretName, servingSecretName]) {
    const secret = await stage.secret(name);
    const trimmed = secret === undefined ? undefined : trimCertificateSecret(secret);
    if (trimmed !== undefined && isStored(trimmed)) seen.set(name, trimmed);
  }
  const { authority, leaves } = findingsOf(set, seen, now);
  const judgements = [authority, ...leaves].map(({ judgement }) => judgement);
  return judgements.map((each) => each.ok ? undefined : each.message).find((each) => each !== undefined);
}
