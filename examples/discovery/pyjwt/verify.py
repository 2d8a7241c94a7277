"""Verifies tokens by PyJWT: where the keys are, and how tokens are signed, it reads once from the service."""

import json
import os
import urllib.request

import jwt

issuer = os.environ["ISSUER"]
audience = os.environ.get("AUDIENCE", "latchkey")

with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=3) as answer:
    configuration = json.load(answer)
# RFC 8414 §3.3: or somebody else's document was read.
if configuration["issuer"] != issuer:
    raise ValueError(f"{issuer} says that it is {configuration['issuer']}")
keys = jwt.PyJWKClient(configuration["jwks_uri"])


def claims_of(token):
    """The claims of a good token. Raises jwt.PyJWTError."""
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key.key,
        algorithms=configuration["id_token_signing_alg_values_supported"],
        issuer=issuer,
        audience=audience,
        options={"require": ["sub", "sid", "exp"]},
    )
