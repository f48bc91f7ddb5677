# Verifies a pass with joserfc and prints its id: argv is the token and the JWKS file.
import json
import sys

from joserfc import jwt
from joserfc.jwk import KeySet

keys = KeySet.import_key_set(json.load(open(sys.argv[2])))
token = jwt.decode(sys.argv[1], keys, algorithms=["EdDSA"])
assert token.header["typ"] == "actionpass+jwt"
jwt.JWTClaimsRegistry(
    leeway=30,
    iss={"essential": True, "value": "https://gate.example"},
    aud={"essential": True, "value": "github-executor"},
    exp={"essential": True},
).validate(token.claims)
print(token.claims["jti"])
