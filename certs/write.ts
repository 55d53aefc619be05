/**
 * Puts certificates together (RFC 5280) and signs them with ECDSA on P-256 and SHA-256. Import this on demand only, see
 * `authority.ts`.
 */
import { createHash, createPrivateKey, sign } from "node:crypto";
import type { KeyObject, X509Certificate } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import type { KeyPair, Usage } from "./authority.ts";
import { pemOf } from "./pem.ts";

/** What a certificate says besides its subject's key, and who signs it. */
export interface Contents {
  readonly commonName: string;
  readonly organization?: string;
  /** Most significant byte first; taken as a positive number. */
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whether its key may sign other certificates. */
  readonly isAuthority: boolean;
  readonly usages: readonly Usage[];
  readonly dnsNames: readonly string[];
}

/** Object identifiers of RFC 5758 and of X.520. */
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const ORGANIZATION = "2.5.4.10";
const COMMON_NAME = "2.5.4.3";

const usageIds: Readonly<Record<Usage, string>> = { server: id_kp_serverAuth, client: id_kp_clientAuth };

/** An authority that signs. */
export interface Signer {
  readonly certificate: X509Certificate;
  /** PEM. */
  readonly key: string;
}

/**
 * Makes a key, and a certificate for it.
 * @param signer the new key itself when absent
 * @throws TypeError when the signer's key is not of P-256; Error when it cannot be read
 */
export async function writeCertificate(contents: Contents, signer?: Signer): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const key = pemOf(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  const publicKey = AsnConvert.parse(
    await crypto.subtle.exportKey("spki", keys.publicKey),
    SubjectPublicKeyInfo,
  );
  const subject = nameOf(contents);
  // Its own words, byte for byte: so it is compared with what the authority calls itself.
  const issuer = signer === undefined
    ? undefined
    : AsnConvert.parse(signer.certificate.raw, Certificate).tbsCertificate;
  const issuerKeyId = issuer === undefined ? undefined : keyIdOf(issuer.subjectPublicKeyInfo);
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: integerOf(contents.serial),
    signature: signatureAlgorithm,
    issuer: issuer?.subject ?? subject,
    validity: new Validity({ notBefore: contents.notBefore, notAfter: contents.notAfter }),
    subject,
    subjectPublicKeyInfo: publicKey,
    extensions: extensionsOf(contents, keyIdOf(publicKey), issuerKeyId),
  });
  const body = new Uint8Array(AsnConvert.serialize(tbsCertificate));
  const signature = sign("sha256", body, { key: signingKey(signer?.key ?? key), dsaEncoding: "der" });
  const signatureValue = new Uint8Array(signature).buffer;
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm, signatureValue });
  return { certificate: pemOf(AsnConvert.serialize(certificate), "CERTIFICATE"), key };
}

function signingKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve } = {} } = key;
  if (type === "ec" && namedCurve === "prime256v1") return key;
  throw new TypeError(`Cannot sign with a key of ${namedCurve ?? type}: authorities have keys of P-256`);
}

/** As a structure, so that no character of a name is taken for syntax. */
function nameOf({ organization, commonName }: Contents): Name {
  const parts = [...(organization === undefined ? [] : [[ORGANIZATION, organization]]), [
    COMMON_NAME,
    commonName,
  ]];
  return new Name(parts.map(([type = "", utf8String = ""]) =>
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) }),
    ])
  ));
}

function extensionsOf(
  { isAuthority, usages, dnsNames }: Contents,
  keyId: ArrayBuffer,
  issuerKeyId: ArrayBuffer | undefined,
): Extensions {
  const { digitalSignature, keyCertSign, keyEncipherment } = KeyUsageFlags;
  const names = dnsNames.map((dNSName) => new GeneralName({ dNSName }));
  return new Extensions([
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    extension(
      id_ce_keyUsage,
      new KeyUsage(digitalSignature | (isAuthority ? keyCertSign : keyEncipherment)),
      true,
    ),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage(usages.map((usage) => usageIds[usage]))),
    ...(names.length === 0 ? [] : [extension(id_ce_subjectAltName, new SubjectAlternativeName(names))]),
    ...(issuerKeyId === undefined ? [] : [
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(issuerKeyId) }),
      ),
    ]),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId)),
  ]);
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** SHA-1 of the key's bits, as RFC 5280 (4.2.1.2) says: it names a key, and secures nothing. */
function keyIdOf({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer {
  return new Uint8Array(createHash("sha1").update(new Uint8Array(subjectPublicKey)).digest()).buffer;
}

/** The shortest encoding of a positive integer: no zero leads but one that keeps it positive. */
function integerOf(bytes: Uint8Array): ArrayBuffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? [0] : [...bytes.subarray(first)];
  const [highest = 0] = digits;
  return new Uint8Array(highest < 0x80 ? digits : [0, ...digits]).buffer;
}
