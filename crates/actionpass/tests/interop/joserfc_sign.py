# Signs claims as a pass with joserfc: argv is the PEM file, the key id, and the claims.
import json
import sys

from joserfc import jwt
from joserfc.jwk import OKPKey

key = OKPKey.import_key(open(sys.argv[1]).read())
header = {"alg": "EdDSA", "kid": sys.argv[2], "typ": "actionpass+jwt"}
print(jwt.encode(header, json.loads(sys.argv[3]), key, algorithms=["EdDSA"]))
