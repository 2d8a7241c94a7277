"""Who asks, by the public keys of a Latchkey service or by asking it each time. PyJWT with cryptography; else the standard library."""

import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

TOKEN = re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$", re.ASCII)


class Unavailable(Exception):
    """Nobody can tell who asks: answer 503, let nobody in, sign nobody out."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Whoever redirects would be sent the token and the secret."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def _ask(request):
    try:
        with _opener.open(request, timeout=3) as response:
            return json.load(response)
    except (OSError, ValueError) as error:  # HTTPError and URLError are OSErrors
        raise Unavailable(str(error)) from error


class Keys:
    """
    Verifies by the service's keys, asked for every five minutes, and at most every 30 seconds for one that is not known. PyJWKClient
    would ask for every unknown one, which strangers can send. A logout is seen when the token ends.
    """

    def __init__(self, url, issuer="latchkey", audience="latchkey", algorithm="ES256"):
        self._url = f"{url.rstrip('/')}/.well-known/jwks.json"
        self._expected = {"issuer": issuer, "audience": audience, "algorithms": [algorithm]}
        self._lock = threading.Lock()
        self._known = None
        self._asked_at = self._got_at = float("-inf")

    def verify(self, token):
        """The claims of a good token, else None. Raises Unavailable."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._find(str(header.get("kid")))
            if key is None or str(header.get("typ")).upper() != "JWT":
                return None
            # The algorithm is ours to say, not the token's (RFC 8725 §3.1).
            required = {"require": ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]}
            claims = jwt.decode(token, key.key, leeway=5, options=required, **self._expected)
        except jwt.PyJWTError:
            return None
        # A list of audiences may name another service too.
        return claims if isinstance(claims["aud"], str) else None

    def _find(self, kid):
        """Keys serve on for an hour while the service cannot be asked."""
        with self._lock:
            now = time.monotonic()
            key = (self._known or {}).get(kid)
            is_due = key is None or now - self._got_at > 300
            if is_due and now - self._asked_at > (1 if self._known is None else 30):
                self._asked_at = now
                try:
                    key_set = jwt.PyJWKSet.from_dict(_ask(self._url))
                    self._known = {each.key_id: each for each in key_set.keys}
                    self._got_at = now
                    key = self._known.get(kid)
                except (Unavailable, jwt.PyJWTError) as error:
                    if key is None:
                        raise Unavailable(str(error)) from error
            if self._known is None or now - self._got_at > 3600:
                raise Unavailable("the keys of the service are not known")
            return key


class Introspection:
    """Asks the service about each token (RFC 7662): a logout counts at once."""

    def __init__(self, url, secret):
        self._url = f"{url.rstrip('/')}/auth/introspect"
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-www-form-urlencoded"}

    def verify(self, token):
        """The claims of a good token, else None. Raises Unavailable, also for a secret that is wrong."""
        body = urllib.parse.urlencode({"token": token}).encode()
        answer = _ask(urllib.request.Request(self._url, body, self._headers))
        return answer if answer.get("active") is True else None


def claims_of(headers, verifier):
    """Who sent a request with these headers: the claims of its Bearer token, or None. Raises Unavailable."""
    scheme, _, token = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or len(token) > 4096 or not TOKEN.match(token):
        return None
    return verifier.verify(token)
