# The probes that the engine's contract asks for, and what Python code would try, for the runtime client of Python.
import errno
import logging
import os
import socket
import sys
import time

calls = 0


def handler(event, context):
    return probes[event["probe"]](event, context)


def count(_event, _context):
    global calls
    calls += 1
    return calls


def throw(event, _context):
    raise TypeError(event["message"])


def loop(_event, _context):
    while True:
        pass


def connect(event, _context):
    try:
        with socket.create_connection((event["host"], event["port"]), 1.5) as connected:
            connected.sendall(b"GET / HTTP/1.1\r\nhost: canary\r\n\r\n")
            return connected.recv(64).decode() or "closed"
    except OSError as failed:
        return errno.errorcode.get(failed.errno, str(failed))


def say(event, _context):
    print(event["text"])
    logging.getLogger().warning("logged %s", event["text"])


def context_of(_event, context):
    names = ["aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb"]
    return {name: getattr(context, name) for name in [*names, "log_group_name", "log_stream_name"]}


probes = {
    "echo": lambda event, _: event.get("value"),
    "count": count,
    "throwError": throw,
    "exit": lambda event, _: os._exit(event["status"]),
    "loop": loop,
    "wait": lambda event, _: time.sleep(event["ms"] / 1000),
    "never": lambda _event, _context: time.sleep(3600),
    "answerOf": lambda event, _: "x" * event["bytes"],
    "claims": lambda _, context: context.sallyport,
    "context": context_of,
    "remaining": lambda _, context: context.get_remaining_time_in_millis(),
    "environment": lambda _event, _context: dict(os.environ),
    "connect": connect,
    "say": say,
    "notJson": lambda _event, _context: {1, 2},
    "modules": lambda _event, _context: sys.path,
}
