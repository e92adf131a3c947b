"""Pages in a browser: what it asks ahead, and links that a page uses otherwise than they were signed."""

import clients as programs
import pages
from truth import single
from workers import NOON


def make(book, clients):
    workshop = clients.workshop
    # A browser whose clock stands shows nothing.
    programs.ahead_of_all.clear()
    programs.beside.clear()
    asked = {}
    for what, method, headers in (("put", "PUT", '{ "content-type": "image/jpeg", "x-amz-acl": "private" }'), ("delete", "DELETE", "{}")):
        workshop.recorder.clear()
        workshop.recorder.allows_pages = False
        pages.asks(workshop.at, method, headers)
        asked[what] = workshop.recorded("OPTIONS")
    workshop.recorder.allows_pages = True
    for cause, words, server, what in (
        ("CORS-NONE", "the bucket has no CORS rules", "plain", "put"), ("CORS-NONE", "the bucket has no CORS rules", "plain", "delete"),
        ("CORS-ORIGIN", "no rule names the origin of the page", "pages", "put"), ("CORS-ORIGIN", "no rule names the origin of the page", "pages", "delete"),
        ("CORS-METHOD", "no rule allows the method", "downloads", "put"), ("CORS-METHOD", "no rule allows the method", "downloads", "delete"),
        ("CORS-HEADER", "no rule allows x-amz-acl", "types", "put"),
    ):
        book.add("chromium", words, asked[what], single(cause), what, server=server, time=NOON)
    used = asked["put"].copy().set("Access-Control-Request-Headers", "content-type,x-amz-meta-a")
    book.add("chromium", "no rule allows the metadata", used, single("CORS-HEADER"), "metadata", server="types", time=NOON)
    for case in pages.CASES:
        if case.cause.startswith("CORS-"):
            continue
        workshop.recorder.clear()
        case.send(workshop.at)
        raw = workshop.recorded("POST" if case.cause.startswith("POL-") else None)
        culprit = {"HDR-CT-CHARSET": "browser", "HDR-CT-CHANGED": "browser", "HDR-CT-BOUNDARY": "browser"}.get(case.cause)
        when = form_time(raw) if raw.method == "POST" else None
        book.add("chromium", case.name, raw, single(case.cause, culprit=culprit), "page", time=when)


def form_time(raw):
    """When the form was signed."""
    from truth import arrived

    text = raw.body.decode("latin-1")
    _, _, rest = text.partition('name="x-amz-date"')
    return arrived(rest.strip()[:16]) + 1
