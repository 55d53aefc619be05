/** Owners: whom an object is removed after. */
import type { OwnerReference, Stored } from "./types.ts";

/** The reference that makes `owner` the controlling owner of a child, and its removal wait for the child's. */
export function controllerReference(
  owner: { readonly apiVersion: string; readonly kind: string } & Stored,
): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
