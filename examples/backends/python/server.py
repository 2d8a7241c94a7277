"""A back end beside the service, on the standard library's server; with Flask, Django or FastAPI `claims_of` is called the same way."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sessions import Introspection, Keys, Unavailable, claims_of

url = os.environ["AUTH_URL"]
if os.environ.get("MODE") == "introspection":
    verifier = Introspection(url, os.environ["INTROSPECTION_TOKEN"])
else:
    verifier = Keys(url)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            claims = claims_of(self.headers, verifier)
        except Unavailable as error:
            self.log_error("%s", error)
            return self.answer(503, {"error": "unavailable"})
        if claims is None:
            return self.answer(401, {"error": "unauthorized"})
        return self.answer(200, {"user_id": claims["sub"]})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_request(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
