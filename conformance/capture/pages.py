"""Captures of what a page in a browser sends: what it asks ahead, and links and forms that it uses otherwise than they were signed."""

import json

from case import case
from clients import boto3, page

SITE = "https://app.example"


def asks(at, method="PUT", headers='{ "content-type": "image/png", "x-amz-acl": "private" }'):
    return page(f'await fetch("{at.url}/photos/cat.jpg", {{ method: "{method}", headers: {headers} }});')


def cors(cause, **facts):
    """A question that the rules of the bucket do not allow; `facts` is what the server knows of them."""
    return case(cause, "chromium", "exact", asks, pick="OPTIONS", context={"cors": facts})


def puts(link, body, headers="{}"):
    return page(f'await fetch({json.dumps(link)}, {{ method: "PUT", body: {body}, headers: {headers} }});')


def opens(link):
    return page(f"location.href = {json.dumps(link)}; await new Promise((done) => setTimeout(done, 3000));")


def signed(at, kind):
    return boto3(at, f'link("put_object", ContentType="{kind}")')


def sends(form, *, file_first=False):
    """The form of boto3, as a page appends it."""
    form = json.loads(form)
    fill = f"for (const [name, value] of Object.entries({json.dumps(form['fields'])})) form.append(name, value);"
    append = "form.append('file', new File(['meow'], 'cat.png', { type: 'image/png' }));"
    parts = append + fill if file_first else fill + append
    return page(f'const form = new FormData(); {parts} await fetch("{form["url"]}", {{ method: "POST", body: form }});')


CASES = [
    cors("CORS-NONE", part="rules"),
    cors("CORS-ORIGIN", part="origin", nearest=1, allowed=[[1, SITE]]),
    cors("CORS-METHOD", part="method", nearest=1, allowed=[[1, "GET"], [1, "HEAD"]]),
    cors("CORS-HEADER", part="headers", denied=["x-amz-acl"], nearest=1, allowed=[[1, "content-type"]]),
    case("HDR-CT-CHARSET", "chromium", "proven", lambda at: puts(signed(at, "text/plain"), "'meow'")),
    case("HDR-CT-CHANGED", "chromium", "proven", lambda at: puts(signed(at, "image/jpeg"), "new File(['meow'], 'cat.png', { type: 'image/png' })")),
    case("HDR-CT-BOUNDARY", "chromium", "proven", lambda at: puts(signed(at, "image/png"), "(() => { const form = new FormData(); form.append('file', 'meow'); return form; })()")),
    case("MTH-OTHER", "chromium", "proven", lambda at: opens(boto3(at, 'link("put_object")'))),
    case("POL-ORDER", "chromium", "exact", lambda at: sends(boto3(at, "post()"), file_first=True)),
    case("POL-CT", "chromium", "exact", lambda at: sends(boto3(at, 'post(conditions=[["starts-with", "$Content-Type", "image/"]])'))),
]
