"""Requests that nobody signed, or that expect the bucket to be somebody else's."""

from clients import aws, curl, rclone
from faults.proxies import Haproxy, Nginx, behind
from truth import single
from workers import NOON, PUBLIC

UNSIGNED = {
    "boto3": '''
from botocore import UNSIGNED
boto3.session.Session().client("s3", endpoint_url=settings["endpoint"], region_name=settings["region"],
    config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})).list_objects_v2(Bucket="photos")
''',
    "js-v3": "await new S3.S3Client({ endpoint: settings.endpoint, region: settings.region, forcePathStyle: true, maxAttempts: 1, credentials, "
             "signer: { sign: async (request) => request } }).send(new S3.ListObjectsV2Command({ Bucket: 'photos' }));",
    "js-v2": "await s3.makeUnauthenticatedRequest('listObjectsV2', { Bucket: 'photos' }).promise();",
    "minio-py": 'minio.Minio(endpoint=settings["endpoint"].partition("//")[2], region="us-east-1", secure=False).stat_object("photos", "cat.jpg")',
}
OWNED = {
    "boto3": 's3.put_object(Bucket="photos", Key="cat.jpg", Body=b"meow", ExpectedBucketOwner="111122223333")',
    "js-v3": 'await put({ ExpectedBucketOwner: "111122223333" });',
    "js-v2": 'await s3.listObjectsV2({ Bucket: "photos", ExpectedBucketOwner: "111122223333" }).promise();',
}


def make(book, clients):
    workshop = clients.workshop
    for name, code in UNSIGNED.items():
        raw = workshop.client(name, code, endpoint=f"http://{PUBLIC}")
        assert not raw.has("authorization"), raw.head()
        book.add(name, "the client is set up not to sign", raw, single("AUTH-NONE"), "client", time=NOON + 1)
    raw = workshop.tool(aws, "s3api", "list-objects-v2", "--bucket", "photos", "--no-sign-request")
    book.add("aws-cli", "the client is told not to sign", raw, single("AUTH-NONE"), "client", time=NOON + 1)
    raw = workshop.tool(rclone, "lsf", "store:photos", key="", secret="")
    book.add("rclone", "the client has no key", raw, single("AUTH-NONE"), "client", time=NOON + 1)
    raw = workshop.tool(lambda at: curl(f"{at.url}/photos/cat.jpg"))
    book.add("curl", "an address is opened without a signature", raw, single("AUTH-NONE"), "bare", time=NOON + 1)
    for kind, part, words, names in (
        (Haproxy, "deletes-authorization", "HAProxy deletes Authorization", ("boto3", "js-v3", "minio-py")),
        (Nginx, "drops-authorization", "nginx drops Authorization", ("boto3", "js-v2", "minio-js")),
    ):
        with behind(kind, part, workshop.at.host) as place:
            for name in names:
                raw = clients.send(name, "put", endpoint=place.url)
                assert not raw.has("authorization"), raw.head()
                book.add(name, words, raw, single("AUTH-NONE", culprit="proxy"), f"{kind.kind}-{part}")
    for name, code in OWNED.items():
        raw = workshop.client(name, code, endpoint=f"http://{PUBLIC}")
        book.add(name, "the request expects the bucket to be of another account", raw, single("ACC-OWNER"), "other")
    raw = workshop.tool(aws, "s3api", "list-objects-v2", "--bucket", "photos", "--expected-bucket-owner", "111122223333")
    book.add("aws-cli", "the request expects the bucket to be of another account", raw, single("ACC-OWNER"), "other")
