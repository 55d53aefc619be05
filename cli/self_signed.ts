/** A certificate for the metrics server: it keeps tokens from being read on the way, and proves nothing else. */
import "reflect-metadata";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Days; the process makes a new one each time it starts, and lives shorter than that. */
const VALID_DAYS = 365;

const DAY_MS = 86_400_000;

/** Clocks of callers may be behind by this much, in milliseconds. */
const SKEW_MS = 3_600_000;

/** Makes a key and a certificate (ECDSA on P-256) in memory. `names` are DNS names that it shall carry. */
export async function selfSigned(names: readonly string[], now: Date): Promise<KeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=matriarch",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() - SKEW_MS),
    notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS),
    extensions: [
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: certificate.toString("pem"), key: PemConverter.encode(key, "PRIVATE KEY") };
}
