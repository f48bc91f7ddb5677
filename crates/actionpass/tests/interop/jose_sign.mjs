// Signs claims as a pass with jose: argv is the PEM file, the key id, and the claims.
import { readFileSync } from "node:fs";
import { CompactSign, importPKCS8 } from "jose";

const [pem, kid, claims] = [readFileSync(process.argv[2], "utf8"), process.argv[3], process.argv[4]];
const key = await importPKCS8(pem, "EdDSA");
const header = { typ: "actionpass+jwt", kid, alg: "EdDSA" };
console.log(await new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader(header).sign(key));
