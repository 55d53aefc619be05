/** The writes that carry out what `rotation.ts` decided. */
import type { KubeClient } from "../kube/client.ts";
import { Secrets } from "../kube/kinds.ts";
import { create, type CreateStep, type Step, tell } from "../kube/plan.ts";
import { issueLeaf, type KeyPair, makeAuthority } from "./authority.ts";
import { type CertificateSet, isSameTrust, type SeenSecrets } from "./observe.ts";
import { fromData, joinCertificates } from "./pem.ts";
import { readBundle, type ReadCertificate } from "./read.ts";
import type { AuthorityMove, Findings, LeafFinding, LeafMove } from "./rotation.ts";
import { changeSecret, newSecret, type Values } from "./secrets.ts";

/** What steps are made from. */
export interface Work {
  readonly set: CertificateSet;
  readonly secrets: SeenSecrets;
  readonly findings: Findings;
  readonly client: KubeClient;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: Date;
}

type RealMove = Exclude<AuthorityMove, { kind: "keep" }>;

/**
 * A set of which nothing is there yet, all of it at once: the new authority's key is at hand, and need not be read again. When
 * another process was first with its authority, nothing is issued from this one; a crash half-way leaves an authority, from
 * which the next pass goes on.
 */
export async function firstSteps(work: Work, trusted: readonly ReadCertificate[]): Promise<Step[]> {
  const { set } = work;
  const { secretName, profile } = set.authority;
  const authority = await makeAuthority(profile, work);
  const trust = { "ca.crt": bundle([authority, ...trusted]) };
  const steps: Step[] = [creation(work, secretName, { ...trust, "ca.key": authority.key }, "conflict")];
  for (const { secretName, wanted } of set.leaves) {
    const { certificate, key } = await issueLeaf(authority, wanted, work);
    steps.push(creation(work, secretName, { ...trust, "tls.crt": certificate, "tls.key": key }, "conflict"));
  }
  const names = set.leaves.map(({ secretName }) => secretName).join(", ");
  return [
    ...steps,
    tell("Normal", "Generated", `Secret ${secretName} holds a new authority, which signed ${names}`),
  ];
}

/** Makes the Secret of an authority or of a leaf. @param existing see `CreateStep` */
function creation({ set, now }: Work, name: string, values: Values, existing?: CreateStep["existing"]): Step {
  const type = "tls.key" in values ? "kubernetes.io/tls" : "Opaque";
  return create(Secrets, newSecret(set, name, type, { values, trustedSince: now }), existing);
}

/** The write to the authority's Secret, with its event. Undefined when the store is behind the server. */
export async function authoritySteps(work: Work, move: RealMove): Promise<Step[] | undefined> {
  const values = await authorityValues(work, move);
  if (values === undefined) return undefined;
  const { set, secrets, findings, now } = work;
  const { secretName } = set.authority;
  const seen = secrets.get(secretName);
  if (seen === undefined) {
    return [
      creation(work, secretName, values),
      tell("Normal", "Generated", `Secret ${secretName} holds a new authority`),
    ];
  }
  const same = isSameTrust(readBundle(values["ca.crt"] ?? "").certificates, findings.authority.trusted);
  const writing = { values, trustedSince: same ? findings.authority.since ?? now : now };
  return [changeSecret(set, seen, writing), ...authorityNotice(work, move)];
}

function authorityNotice({ set, findings }: Work, move: RealMove): Step[] {
  const { secretName } = set.authority;
  const { judgement } = findings.authority;
  switch (move.kind) {
    case "make":
    case "promote": {
      const why = judgement.ok ? "" : `, as of the old one ${judgement.message}`;
      return [tell("Normal", "Rotated", `A new authority signs in Secret ${secretName}${why}`)];
    }
    case "announce":
      return [
        tell("Normal", "Generated", `Secret ${secretName} holds a new authority, which will sign later`),
      ];
    case "trust":
      return [];
  }
}

async function authorityValues(work: Work, move: RealMove): Promise<Values | undefined> {
  const { set, findings } = work;
  const { signer, successor, trusted } = findings.authority;
  switch (move.kind) {
    case "make": {
      const made = await makeAuthority(set.authority.profile, work);
      return { "ca.crt": bundle([made, ...move.trusted]), "ca.key": made.key, "next.key": null };
    }
    case "announce": {
      const made = await makeAuthority(set.authority.profile, work);
      const rest = trusted.filter((each) => each !== signer);
      return { "ca.crt": bundle([signer, made, ...rest]), "next.key": made.key };
    }
    case "promote": {
      const key = await readKey(work, "next.key");
      if (key === undefined) return undefined;
      const rest = trusted.filter((each) => each !== move.successor);
      return { "ca.crt": bundle([move.successor, ...rest]), "ca.key": key, "next.key": null };
    }
    case "trust": {
      const rest = move.trusted.filter((each) => each !== signer);
      return {
        "ca.crt": bundle([signer, ...rest]),
        ...(successor === undefined ? { "next.key": null } : {}),
      };
    }
  }
}

/** Writes to the Secrets of leaves, with their events. Undefined when the store is behind the server. */
export async function leafSteps(work: Work, moves: readonly LeafMove[]): Promise<Step[] | undefined> {
  const signer = moves.some(({ kind }) => kind === "issue") ? await readSigner(work) : undefined;
  const steps: Step[] = [];
  for (const move of moves) {
    const leaf = work.set.leaves.find(({ secretName }) => secretName === move.secretName);
    const finding = work.findings.leaves.find(({ secretName }) => secretName === move.secretName);
    if (leaf === undefined || finding === undefined) continue;
    if (move.kind === "trust") steps.push(...writeLeaf(work, finding, undefined));
    else if (signer === undefined) return undefined;
    else steps.push(...writeLeaf(work, finding, await issueLeaf(signer, leaf.wanted, work)));
  }
  return steps;
}

function writeLeaf(work: Work, finding: LeafFinding, issued: KeyPair | undefined): Step[] {
  const { set, secrets, findings, now } = work;
  const { secretName, trusted, since } = finding;
  const values = {
    ...(issued === undefined ? {} : { "tls.crt": issued.certificate, "tls.key": issued.key }),
    "ca.crt": bundle(findings.authority.trusted),
  };
  const seen = secrets.get(secretName);
  if (seen === undefined) {
    return [
      creation(work, secretName, values),
      tell("Normal", "Generated", `Secret ${secretName} holds a new certificate`),
    ];
  }
  const same = isSameTrust(trusted, findings.authority.trusted);
  const write = changeSecret(set, seen, { values, trustedSince: same ? since ?? now : now });
  return issued === undefined ? [write] : [write, tell("Normal", "Rotated", rotation(finding))];
}

function rotation({ secretName, judgement }: LeafFinding): string {
  const why = judgement.ok ? "another authority signs now" : judgement.message;
  return `Secret ${secretName} holds a new certificate, as of the old one: ${why}`;
}

/** The signer with its key; undefined when the Secret is not what was seen any more. */
async function readSigner(work: Work): Promise<KeyPair | undefined> {
  const { signer } = work.findings.authority;
  const key = await readKey(work, "ca.key");
  return key === undefined || signer === undefined ? undefined : { certificate: signer.pem, key };
}

async function readKey(
  { client, set, secrets }: Work,
  name: "ca.key" | "next.key",
): Promise<string | undefined> {
  const { secretName } = set.authority;
  const live = await client.find(Secrets, { namespace: set.namespace, name: secretName });
  const seen = secrets.get(secretName)?.metadata.resourceVersion;
  if (live === undefined || live.metadata.resourceVersion !== seen) return undefined;
  return fromData(live.data?.[name]);
}

/** `ca.crt`, in this order. */
function bundle(certificates: readonly (ReadCertificate | KeyPair | undefined)[]): string {
  return joinCertificates(
    certificates.flatMap((each) => each === undefined ? [] : ["pem" in each ? each.pem : each.certificate]),
  );
}
