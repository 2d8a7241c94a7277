"""Reads tokens, one a line, and answers each with its claims or why there are none: for check.mjs."""

import json
import sys

import jwt
from verify import claims_of

for line in sys.stdin:
    try:
        answer = claims_of(line.strip())
    except jwt.PyJWTError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
