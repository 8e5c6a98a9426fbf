# Ordinary Python: the standard library's HTTPS client, which trusts the door because its authority is in the box.
import urllib.error
import urllib.request


def lambda_handler(event, context):
    page = urllib.request.Request(f"https://{event['pathParameters']['host']}/pages", data=event["body"].encode())
    try:
        with urllib.request.urlopen(page, timeout=5) as answer:
            return {"statusCode": answer.status, "body": answer.read().decode()}
    except urllib.error.URLError as failed:
        return {"statusCode": 599, "body": str(failed.reason)}
