/**
 * Who provides the webhook's certificate: the operator, or somebody else in the folder for it. A folder may also hold the
 * operator's own Secret, as installations mount it.
 *
 * | certificate in the folder              | configurations                              | provider |
 * | -------------------------------------- | ------------------------------------------- | -------- |
 * | none                                   | any                                         | operator |
 * | signed by the operator's own authority | any                                         | operator |
 * | any other                              | cert-manager is to fill in `caBundle`       | others   |
 * | any other                              | `caBundle` is as the operator applied it    | operator |
 * | any other                              | `caBundle` is empty, or somebody else's     | others   |
 *
 * It is looked at again with every change, so either may take over from the other while the operator runs.
 */
import { isSignedBy, readBundle, readCertificate } from "../../certs/read.ts";
import { fromData } from "../../certs/pem.ts";
import type { Secret } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import type { KeyPair } from "../server.ts";
import type { Ownership } from "./bundles.ts";

export type Provider = "operator" | "others";

export interface Evidence {
  /** What stands in the folder; undefined when there is no pair. */
  readonly files: KeyPair | undefined;
  /** The operator's own Secrets. */
  readonly secrets: readonly Frozen<Secret>[];
  readonly configurations: readonly { readonly askedOfCertManager: boolean; readonly ownership: Ownership }[];
}

export function providerOf({ files, secrets, configurations }: Evidence): Provider {
  if (files === undefined || isOurs(files, secrets)) return "operator";
  if (configurations.some(({ askedOfCertManager }) => askedOfCertManager)) return "others";
  return configurations.some(({ ownership }) => ownership === "bundle") ? "operator" : "others";
}

function isOurs(files: KeyPair, secrets: readonly Frozen<Secret>[]): boolean {
  const leaf = readCertificate(files.certificate);
  if (leaf === undefined) return false;
  const authorities = secrets.flatMap(({ data }) =>
    readBundle(fromData(data?.["ca.crt"]) ?? "").certificates
  );
  return authorities.some((authority) => isSignedBy(leaf, authority));
}
