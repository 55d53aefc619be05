/** Certificates are looked at before a server gets them: it would take any, and then fail with every new connection. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyPair } from "./server.ts";

/** Why a server cannot use the pair, as the end of a sentence; undefined when it can. */
export function objectionToPair({ certificate, key }: KeyPair): string | undefined {
  const leaf = readable(() => new X509Certificate(certificate));
  if (leaf === undefined) return "the certificate is not readable as PEM";
  const secret = readable(() => createPrivateKey(key));
  if (secret === undefined) return "the key is not readable as PEM";
  return leaf.checkPrivateKey(secret) ? undefined : "the key does not belong to the certificate";
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
