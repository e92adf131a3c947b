"""Steps of the signature that signers of people's own do otherwise: the key, the string to sign, which headers go into it."""

from faults.credentials import opened
from truth import single

CHAINS = [
    ("hex", "each step of the key takes the hex text of the one before"),
    ("exchanged", "key and message of each step are exchanged"),
    ("not-terminated", "the key lacks its last step"),
    ("region-first", "the key takes the region before the date"),
]
WRITTEN = [
    ("capitals", "the hash in the string to sign is in capitals"),
    ("base64", "the hash in the string to sign is in base64"),
    ("not-hashed", "the canonical request itself is in the string to sign"),
    ("line-at-end", "the string to sign ends in a line feed"),
    ("windows", "the lines of the string to sign end as those of Windows do"),
    ("credential", "the whole credential is in the line of the scope"),
    ("day", "the day is in the line of the time"),
    ("no-algorithm", "the string to sign has no line for the algorithm"),
]
OF_THE_SDK = [["amz-sdk-invocation-id", "7f4ba1c0-5a2e-4a4e-9c8e-6f1f7c4f8f11"], ["amz-sdk-request", "attempt=1; max=3"]]


def make(book, clients):
    workshop = clients.workshop
    for turn, (what, words) in enumerate(CHAINS):
        for kind in ("header", "link"):
            raw = opened(workshop, kind, derive={"chain": what})
            book.add("botocore", words, raw, single("KEY-CHAIN"), f"{what}-{kind}")
    for turn, (what, words) in enumerate(WRITTEN):
        kind = ("header", "link")[turn % 2]
        raw = opened(workshop, kind, written=what)
        book.add("botocore", words, raw, single("STS-FORMAT"), f"{what}-{kind}")
    raw = opened(workshop, "header", behind_canonical="\n")
    book.add("botocore", "the canonical request ends in a line feed", raw, single("STS-FORMAT"), "canonical-header")
    # As code does that makes an SDK work with Google Cloud Storage: SignedHeaders names them, the text that is signed does not.
    lines = "".join(f"{name}:{value}\n" for name, value in OF_THE_SDK)
    raw = workshop.signed("botocore", headers=OF_THE_SDK, canonical=[[lines, ""]])
    book.add("botocore", "the headers of the SDK are left out of the lines that are signed", raw, single("HDR-GCS"), "lines")
    names = "".join(f"{name};" for name, _ in OF_THE_SDK)
    raw = workshop.signed("botocore", headers=OF_THE_SDK, canonical=[[lines, ""], [names, ""]])
    book.add("botocore", "the headers of the SDK are left out of the lines and the list that are signed", raw, single("HDR-GCS"), "lines-and-list")
