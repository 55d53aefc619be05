/**
 * Secrets with certificates, as they are kept and as they are written.
 *
 * | Secret    | `ca.crt`                      | keys                                       | certificate |
 * | --------- | ----------------------------- | ------------------------------------------ | ----------- |
 * | authority | all trusted authorities (1)   | `ca.key`: the signer's; `next.key`: that   |             |
 * |           |                               | of a successor which is announced          |             |
 * | leaf      | the same                      | `tls.key`                                  | `tls.crt`   |
 *
 * (1) The signer comes first, where programs look that expect a single one.
 */
import { trustedSinceAnnotation } from "../api/multigres/annotations.ts";
import { componentLabel, managedByLabel, operatorName, ownedSelector } from "../api/multigres/labels.ts";
import type { Watched } from "../kube/cache.ts";
import type { Applied } from "../kube/client.ts";
import { timestamp } from "../kube/conditions.ts";
import { type Secret, Secrets } from "../kube/kinds.ts";
import { patch, type PatchStep } from "../kube/plan.ts";
import type { Frozen, OwnerReference, Stored } from "../kube/types.ts";
import type { Pair } from "./inspect.ts";
import { certificateNameAnnotation } from "./cert_manager.ts";
import { fromData, toData } from "./pem.ts";
import { keyFingerprint, readBundle, type ReadCertificate, readCertificate } from "./read.ts";

/** Components of the certificates of a whole cluster, and of those by which pgBackRest servers meet. */
export const certificatesComponent = "certificates";
export const pgbackrestComponent = "pgbackrest-tls";

/** A Secret from the store, or one that went through {@link trimCertificateSecret}. */
export type SeenSecret = Frozen<Secret> & Stored;

/** Whose Secrets these are. */
export interface Holder {
  readonly namespace: string;
  /** Undefined: they belong to whoever made them. */
  readonly owner: OwnerReference | undefined;
  /** Those of controllers must be selected by {@link certificateSecrets}. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a Secret holds. Keys are known by their fingerprints. */
export interface Content {
  /** Trusted authorities. */
  readonly authorities: readonly ReadCertificate[];
  /** Whether all of `ca.crt` could be read. */
  readonly whole: boolean;
  readonly leaf: Pair;
  readonly authorityKey: string | undefined;
  readonly successorKey: string | undefined;
  /** Since when `authorities` are what they are; undefined when nobody knows. */
  readonly trustedSince: Date | undefined;
}

const CERTIFICATES = ["ca.crt", "tls.crt"] as const;
const KEYS = ["ca.key", "next.key", "tls.key"] as const;

/** Stands for the fingerprint of a key that cannot be read. */
const UNREADABLE = "unreadable";

/** The operator's own Secrets with certificates: to be watched by every controller that has some. */
export const certificateSecrets: Watched<Secret> = {
  resource: Secrets,
  labels: `${ownedSelector},${componentLabel} in (${certificatesComponent},${pgbackrestComponent})`,
  trim: trimCertificateSecret,
};

/** Leaves no private key in memory: in its place stands the fingerprint that tells which certificate it fits. */
export function trimCertificateSecret({ apiVersion, kind, metadata, data = {} }: Secret): Secret {
  const kept: Record<string, string> = {};
  for (const name of CERTIFICATES) if (data[name] !== undefined) kept[name] = data[name];
  for (const name of KEYS) {
    const key = fromData(data[name]);
    if (key !== undefined) kept[name] = keyFingerprint(key) ?? UNREADABLE;
  }
  return { apiVersion, kind, metadata, data: kept };
}

/** Objects of a store never change, so each is read once. */
const contents = new WeakMap<SeenSecret, Content>();

/** @param secret a trimmed one. */
export function contentOf(secret: SeenSecret): Content {
  const known = contents.get(secret);
  if (known !== undefined) return known;
  const content = read(secret);
  contents.set(secret, content);
  return content;
}

function read({ data = {}, metadata }: SeenSecret): Content {
  const { certificates, whole } = readBundle(fromData(data["ca.crt"]) ?? "");
  const pem = fromData(data["tls.crt"]);
  return {
    authorities: certificates,
    whole,
    leaf: {
      pem,
      certificate: pem === undefined ? undefined : readCertificate(pem),
      keyFingerprint: readable(data["tls.key"]),
    },
    authorityKey: readable(data["ca.key"]),
    successorKey: readable(data["next.key"]),
    trustedSince: dateOf(metadata.annotations?.[trustedSinceAnnotation]),
  };
}

function readable(fingerprint: string | undefined): string | undefined {
  return fingerprint === UNREADABLE ? undefined : fingerprint;
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * Whether a Secret may be written: it is controlled by the owner, or was made by this operator and has or needs none. What
 * cert-manager wrote bears our labels, but is its own.
 */
export function isOurs({ metadata }: Frozen<Secret>, { owner }: Holder): boolean {
  const controller = metadata.ownerReferences?.find((reference) => reference.controller);
  if (controller !== undefined && owner !== undefined) return controller.uid === owner.uid;
  if (metadata.annotations?.[certificateNameAnnotation] !== undefined) return false;
  return metadata.labels?.[managedByLabel] === operatorName;
}

/** Whether labels and owner are as they should be. */
export function isMarked({ metadata }: SeenSecret, { owner, labels }: Holder): boolean {
  const owned = owner === undefined ||
    (metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === owner.uid) ?? false);
  return owned && Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);
}

/** New texts of some of a Secret's values; null removes one. */
export type Values = Readonly<
  Partial<Record<typeof CERTIFICATES[number] | typeof KEYS[number], string | null>>
>;

interface Writing {
  readonly values: Values;
  readonly trustedSince: Date;
}

/** A Secret that is not there yet. @param type `kubernetes.io/tls` asks for `tls.crt` and `tls.key`. */
export function newSecret(
  { namespace, owner, labels }: Holder,
  name: string,
  type: "Opaque" | "kubernetes.io/tls",
  { values, trustedSince }: Writing,
): Applied<Secret> {
  const data = Object.entries(values).flatMap(([key, text]) =>
    typeof text === "string" ? [[key, toData(text)] as const] : []
  );
  return {
    metadata: {
      name,
      namespace,
      labels: { ...labels },
      annotations: { [trustedSinceAnnotation]: timestamp(trustedSince) },
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    type,
    data: Object.fromEntries(data),
  };
}

/** Changes some values of a Secret, and puts its marks right. Refused when it is not as it was seen any more. */
export function changeSecret(
  holder: Holder,
  seen: SeenSecret,
  { values, trustedSince }: Writing,
): PatchStep {
  const { owner, labels } = holder;
  const data = Object.entries(values).map(([key, text]) =>
    [key, typeof text === "string" ? toData(text) : null] as const
  );
  return patch(Secrets, seen, {
    metadata: {
      labels,
      annotations: { [trustedSinceAnnotation]: timestamp(trustedSince) },
      ...(owner === undefined || isMarked(seen, holder) ? {} : { ownerReferences: withOwner(seen, owner) }),
    },
    data: Object.fromEntries(data),
  });
}

function withOwner({ metadata }: SeenSecret, owner: OwnerReference) {
  return [...(metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.uid), owner];
}
