/** Certificates of a control plane that lives for minutes: one authority, ECDSA P-256, X.509 version 3. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const clientAuth = "1.3.6.1.5.5.7.3.2";
const serverAuth = "1.3.6.1.5.5.7.3.1";
const dayMs = 86_400_000;
const authorityName = "CN=matriarch-ground";

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Who a client certificate speaks for. */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
}

/** Issues the certificates of one control plane. */
export interface Authority {
  readonly caPem: string;
  /** The authority's own private key (PKCS #8, PEM): whoever has it can be anybody. */
  readonly caKeyPem: string;
  issueServer(dnsNames: readonly string[], ips: readonly string[]): Promise<KeyPair>;
  issueClient(identity: Identity): Promise<KeyPair>;
}

/** Makes a fresh authority, valid from yesterday for ten days. */
export async function createAuthority(): Promise<Authority> {
  const keys = await generateKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: serial(),
    name: authorityName,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf({ certPem: ca.toString("pem"), keyPem: await privatePem(keys.privateKey) }, keys);
}

/** The authority that an earlier {@link createAuthority} made, from its certificate and key. */
export async function loadAuthority(ca: KeyPair): Promise<Authority> {
  const privateKey = await crypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(ca.keyPem),
    algorithm,
    true,
    ["sign"],
  );
  const publicKey = await new x509.X509Certificate(ca.certPem).publicKey.export(algorithm, ["verify"]);
  return authorityOf(ca, { privateKey, publicKey });
}

function authorityOf(ca: KeyPair, keys: CryptoKeyPair): Authority {
  const issue = async (subject: x509.JsonName, extensions: x509.Extension[]): Promise<KeyPair> => {
    const own = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      serialNumber: serial(),
      subject,
      issuer: authorityName,
      signingKey: keys.privateKey,
      publicKey: own.publicKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
        ...extensions,
      ],
    });
    return { certPem: certificate.toString("pem"), keyPem: await privatePem(own.privateKey) };
  };
  return {
    caPem: ca.certPem,
    caKeyPem: ca.keyPem,
    issueServer: (dnsNames, ips) =>
      issue([{ CN: ["kube-apiserver"] }], [
        new x509.ExtendedKeyUsageExtension([serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...dnsNames.map((value) => ({ type: "dns" as const, value })),
          ...ips.map((value) => ({ type: "ip" as const, value })),
        ]),
      ]),
    issueClient: ({ user, groups }) =>
      issue([...(groups ?? []).map((group) => ({ O: [group] })), { CN: [user] }], [
        new x509.ExtendedKeyUsageExtension([clientAuth]),
      ]),
  };
}

/** The key pair that signs service account tokens, PEM. */
export async function createSigningKeys(): Promise<
  { readonly publicPem: string; readonly privatePem: string }
> {
  const keys = await generateKeys();
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  return {
    publicPem: x509.PemConverter.encode(spki, x509.PemConverter.PublicKeyTag),
    privatePem: await privatePem(keys.privateKey),
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", key);
  return x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - dayMs), notAfter: new Date(now + 10 * dayMs) };
}

/** Sixteen random hexadecimal digits that do not start with zero. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `1${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
