/** Topology servers that are not the operator's own, and how components reach the one that they use. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { setOf, text } from "../schema/values.ts";
import { etcdSpec } from "./etcd.ts";
import { rootPath } from "./identifiers.ts";

/** Secrets with which clients and an external server prove themselves to each other. */
const tlsFields = {
  caSecret: optional(
    text({ max: 253 }),
    "Secret with the authority that signed the server's certificate (ca.crt).",
  ),
  clientCertSecret: optional(
    text({ max: 253 }),
    "Secret with the client certificate to present (tls.crt, tls.key).",
  ),
} as const;

export const externalTopoServerSpec = struct({
  ...tlsFields,
  endpoints: required(
    setOf(text({ min: 1, max: 2048 }), {
      min: 1,
      max: 20,
      rules: [{
        rule: "self.all(url, url.startsWith('http://') || url.startsWith('https://'))",
        message: "endpoints of an external topology server must start with http:// or https://",
      }],
    }),
    "URLs of the server, each with http:// or https://.",
  ),
  implementation: optional(text(), "Client that talks to the server: etcd unless told."),
  rootPath: optional(rootPath, "Prefix of all keys, which must be this cluster's alone."),
});

export type ExternalTopoServerSpec = Output<typeof externalTopoServerSpec>;

export const localTopoServerSpec = struct({
  etcd: optional(etcdSpec, "An etcd that the operator runs for this cell. Excludes external."),
  external: optional(externalTopoServerSpec, "An etcd that runs elsewhere. Excludes etcd."),
}, {
  rules: [
    {
      rule: "has(self.etcd) || has(self.external)",
      message: "a local topology server needs etcd or external",
    },
    {
      rule: "!(has(self.etcd) && has(self.external))",
      message: "a local topology server cannot have both etcd and external",
    },
  ],
});

export type LocalTopoServerSpec = Output<typeof localTopoServerSpec>;

export const globalTopoServerRef = struct({
  ...tlsFields,
  address: required(text({ min: 1, max: 512 }), "Where clients connect: host and port, or a URL."),
  implementation: required(text({ min: 1, max: 63 }), "Client that talks to the server, such as etcd."),
  rootPath: required(rootPath, "Prefix of all keys of the global topology."),
});

export type GlobalTopoServerRef = Output<typeof globalTopoServerRef>;
