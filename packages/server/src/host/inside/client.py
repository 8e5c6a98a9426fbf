# The function's runtime for Python 3: plain standard library, no package. Speaks the Lambda Runtime API on one
# connection, opened before any function code is loaded; the host takes answers from no other.
import base64
import hashlib
import hmac
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from decimal import Decimal

API = "/2018-06-01/runtime"
MAX_RESPONSE_BYTES = 6 * 1024 * 1024
MAX_TICKETS_SEEN = 100_000


class Host:
    """One keep-alive connection, one exchange at a time. Knows only what our own host sends: a length, never chunks."""

    def __init__(self, authority):
        name, port = authority.rsplit(":", 1)
        self.authority = authority
        self.socket = socket.create_connection((name, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffered = b""

    def exchange(self, method, path, body=b""):
        head = f"{method} {path} HTTP/1.1\r\nhost: {self.authority}\r\ncontent-length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode("latin-1") + body)
        while b"\r\n\r\n" not in self.buffered:
            self._receive()
        head, self.buffered = self.buffered.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        while len(self.buffered) < length:
            self._receive()
        body, self.buffered = self.buffered[:length], self.buffered[length:]
        return int(status.split(" ")[1]), headers, body

    def _receive(self):
        received = self.socket.recv(1 << 20)
        if not received:
            os._exit(1)  # the host is gone: nobody waits for an answer
        self.buffered += received


class Refused(Exception):
    """A ticket that does not fit; told to the host under a name of its own."""


class Identity:
    """Always there, as AWS has it; Amazon Cognito's identity pools fill it, and nobody here does."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What AWS documents as the context object of a Python function."""

    def __init__(self, headers, claims):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        self.client_context = None
        self.tenant_id = None
        self.sallyport = claims  # verified: who called, and on whose behalf
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """The root logger as AWS Lambda sets it up, so that `logger.info` needs no configuration."""

    def emit(self, record):
        sys.stdout.write(self.format(record) + "\n")


def accept_ticket(ticket, body, attempt, handed, seen):
    """The algorithm is written down beside `verifyTicket`; this file can import nothing of ours."""
    parts = ticket.split(".")
    if len(parts) != 3 or parts[0] != "v1":
        raise Refused("ticket.malformed")
    mac = hmac.new(handed["key"], f"v1.{parts[1]}".encode("ascii", "replace"), hashlib.sha256).digest()
    if not hmac.compare_digest(encode(mac), parts[2].encode("ascii", "replace")):
        raise Refused("ticket.mac")
    claims = json.loads(decode(parts[1]))
    now = int(time.time())
    issued, expires = claims["issuedAtSeconds"], claims["expiresAtSeconds"]
    if not (issued < expires <= issued + 60):
        raise Refused("ticket.malformed")
    if now >= expires:
        raise Refused("ticket.expired")
    if now < issued - 2:
        raise Refused("ticket.not_yet_valid")
    if claims["audience"] != handed["audience"]:
        raise Refused("ticket.audience")
    if claims["codeDigest"] != handed["codeDigest"]:
        raise Refused("ticket.code")
    if claims["bodySha256"] != hashlib.sha256(body).hexdigest():
        raise Refused("ticket.body")
    for known in [known for known, until in seen.items() if until <= now]:
        del seen[known]
    if claims["attempt"] != attempt or attempt in seen:
        raise Refused("ticket.replayed")
    if len(seen) >= MAX_TICKETS_SEEN:
        raise Refused("ticket.replay_memory_full")
    seen[attempt] = expires
    return claims


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def load_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise error("Runtime.MalformedHandlerName", f"{name} is not MODULE.FUNCTION")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as failed:
        raise error("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {failed}") from failed
    except SyntaxError as failed:
        raise error("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {failed}") from failed
    found = getattr(module, function_name, None)
    if not callable(found):
        raise error("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return found


def error(kind, message):
    return type(kind, (Exception,), {})(message)


def describe(failed, kind=None):
    """As AWS's own client does: the name of the class, its text, the frames outside this file."""
    frames = [frame for frame in traceback.extract_tb(failed.__traceback__) if frame.filename != __file__]
    return dump(
        {
            "errorMessage": str(failed)[:8192],
            "errorType": kind or type(failed).__name__,
            "stackTrace": [line.rstrip("\n") for line in traceback.format_list(frames)][:40],
        }
    )


def dump(value):
    return json.dumps(value, ensure_ascii=False, default=plain).encode("utf-8", "surrogatepass")


def plain(value):
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def run(handler, headers, event, claims):
    """One invocation; the verb under which its outcome is told, and its body."""
    try:
        returned = handler(json.loads(event), Context(headers, claims))
    except Exception as failed:  # whatever function code throws is its answer
        traceback.print_exc()
        return "error", describe(failed, "Runtime.OutOfMemory" if isinstance(failed, MemoryError) else None)
    try:
        body = dump(returned)
    except (TypeError, ValueError, OverflowError, RecursionError) as failed:
        return "error", describe(failed, "Runtime.MarshalError")
    if len(body) > MAX_RESPONSE_BYTES:
        too_large = f"the response has {len(body)} bytes; at most {MAX_RESPONSE_BYTES} may be returned"
        return "error", describe(Exception(too_large), "Function.ResponseSizeTooLarge")
    return "response", body


def find_modules():
    """Where AWS looks for modules: the code, then the layers, then Python's own."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    layers = [f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    own = [path for path in sys.path if path != os.path.dirname(__file__)]
    sys.path[:] = [os.environ["LAMBDA_TASK_ROOT"], *filter(os.path.isdir, layers), *own]


def log_as_lambda_does(current):
    def stamp(record):
        record.aws_request_id = current.get("id", "")
        return True

    handler = LogHandler()
    handler.addFilter(stamp)
    line = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    line.converter = time.gmtime
    handler.setFormatter(line)
    logging.getLogger().addHandler(handler)


def main():
    host = Host(os.environ["AWS_LAMBDA_RUNTIME_API"])
    # Standard input holds the box's key and the names a ticket must agree with, then ends.
    handed = json.loads(sys.stdin.buffer.read())
    handed["key"] = decode(handed["key"])
    # Of a function that was not known when this process was started.
    os.environ.update(handed.pop("environment", {}))
    time.tzset()
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    current = {}
    seen = {}
    log_as_lambda_does(current)
    find_modules()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as failed:  # any line of the module may have thrown
        traceback.print_exc()
        host.exchange("POST", f"{API}/init/error", describe(failed))
        sys.exit(1)
    while True:
        status, headers, event = host.exchange("GET", f"{API}/invocation/next")
        if status != 200:
            sys.exit(1)
        attempt = current["id"] = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        try:
            claims = accept_ticket(headers.get("lambda-runtime-sallyport-ticket", ""), event, attempt, handed, seen)
        except Refused as refused:
            verb, body = "error", describe(refused, "Sallyport.TicketRefused")
        else:
            verb, body = run(handler, headers, event, claims)
        sys.stdout.flush()
        sys.stderr.flush()
        host.exchange("POST", f"{API}/invocation/{attempt}/{verb}", body)
        current.clear()
        if verb == "error" and b'"Runtime.OutOfMemory"' in body:
            os._exit(0)  # what it took is perhaps not given back: the next call, which did nothing wrong, gets another box


if __name__ == "__main__":
    main()
