# Signs claims as a pass with PyJWT: argv is the PEM file, the key id, and the claims.
import json
import sys

import jwt

pem, kid, claims = open(sys.argv[1]).read(), sys.argv[2], json.loads(sys.argv[3])
print(jwt.encode(claims, pem, algorithm="EdDSA", headers={"kid": kid, "typ": "actionpass+jwt"}))
