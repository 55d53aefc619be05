/** Kinds that users spell in several ways and controllers see in one. */
import { defineResource } from "../../kube/resource.ts";
import type { Decoded } from "../../kube/controller.ts";
import type { Kind, KindObject } from "../schema/kind.ts";
import type { Problem } from "../../kube/controller.ts";
import { FIELD_MANAGER } from "./group.ts";

/**
 * The same kind, written by the family's field manager, with a further step of decoding: from any accepted spelling of its spec to the one that controllers
 * see. The CRD stays that of `written`.
 * @param canonical pure; where the spec has no canonical form it adds to `problems`, and its result is dropped.
 */
export function canonicalKind<W, S, U>(
  written: Kind<KindObject<W, U>>,
  canonical: (spec: W, problems: Problem[]) => S,
): Kind<KindObject<S, U>> {
  const { group, version, kind, plural, namespaced } = written.resource;
  return Object.freeze({
    // Statuses and finalizers are written under the name that wrote those of existing objects.
    resource: defineResource<KindObject<S, U>>({
      group,
      version,
      kind,
      plural,
      namespaced,
      fieldManager: FIELD_MANAGER,
    }),
    definition: written.definition,
    decode(raw: unknown): Decoded<KindObject<S, U>> {
      const decoded = written.decode(raw);
      if (!decoded.ok) return decoded;
      const problems: Problem[] = [];
      const value = { ...decoded.value, spec: canonical(decoded.value.spec, problems) };
      return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
    },
  });
}
