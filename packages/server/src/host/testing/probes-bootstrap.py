#!/usr/bin/python3
# A custom runtime as a stranger would write one: a new connection for each request, and no ticket.
import http.client
import json
import os
import sys
import traceback

sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
sys.dont_write_bytecode = True
import index


def ask(method, path, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, f"/2018-06-01/runtime{path}", body)
    response = connection.getresponse()
    answered = response.headers, response.read()
    connection.close()
    return answered


while True:
    headers, event = ask("GET", "/invocation/next")
    attempt = headers["lambda-runtime-aws-request-id"]
    try:
        verb, body = "response", json.dumps(index.handler(json.loads(event), None))
    except Exception as failed:
        trace = traceback.format_tb(failed.__traceback__)
        verb, body = "error", json.dumps(
            {"errorType": type(failed).__name__, "errorMessage": str(failed), "stackTrace": trace}
        )
    ask("POST", f"/invocation/{attempt}/{verb}", body)
