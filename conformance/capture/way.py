"""Captures of what proxies change on the way, and of what curl signs otherwise than S3 does."""

from case import caddy, case, haproxy, nginx
from clients import boto3, js_v2, js_v3, minio_js, rclone, signer, signing_curl

CAT = "/photos/cat.jpg"


def listing(at, **more):
    return boto3(at, 's3.list_objects_v2(Bucket="photos")', **more)


def keyed(at, object_key, **more):
    return boto3(at, f's3.put_object(Bucket="photos", Key={object_key!r}, Body=b"meow")', **more)


CASES = [
    case("HST-PROXY", "boto3-nginx", "proven", listing, through=nginx("rewrites-host-and-says-so")),
    case("HST-PROXY", "js-v3-nginx", "proven", js_v3, through=nginx("stock"), context={"public_names": ["127.0.0.1:8080"]}),
    case("HST-PROXY", "boto3-haproxy", "proven", listing, through=haproxy("sets-host")),
    case("HST-PROXY", "rclone-caddy", "proven", rclone, through=caddy("sets-host")),
    case("HST-PORT-MISSING", "js-v3-nginx", "proven", js_v3, through=nginx("drops-port")),
    case("HST-PREFIX", "boto3-nginx", "proven", lambda at: keyed(at, "a key", endpoint=f"{at.url}/s3"), through=nginx("strips-prefix")),
    case("HST-PREFIX", "boto3-haproxy", "proven", lambda at: listing(at, endpoint=f"{at.url}/s3"), through=haproxy("strips-prefix")),
    case("HST-PREFIX", "boto3-caddy", "proven", lambda at: listing(at, endpoint=f"{at.url}/s3"), through=caddy("strips-prefix")),
    case("HST-PREFIX-SLASH", "curl-haproxy", "proven", lambda at: signing_curl(at, "/s3/photos/"), through=haproxy("strips-prefix-and-slash")),
    case("URI-MERGE", "boto3-nginx", "proven", lambda at: keyed(at, "a//b//c"), through=nginx("merges-slashes")),
    case("URI-MERGE", "boto3-haproxy", "proven", lambda at: keyed(at, "a//b"), through=haproxy("cleans-paths")),
    case("URI-DOTS", "curl-haproxy", "proven", lambda at: signing_curl(at, "/photos/./cat.jpg", "--path-as-is"), through=haproxy("cleans-paths")),
    case("HDR-AE", "curl-nginx", "proven", lambda at: signing_curl(at, CAT, "-H", "Accept-Encoding: gzip"), through=nginx("drops-accept-encoding")),
    case("HDR-AE", "curl-caddy", "proven", lambda at: signing_curl(at, CAT, "-H", "Accept-Encoding: gzip"), through=caddy("sets-accept-encoding")),
    case("HDR-UA", "curl-nginx", "proven", lambda at: signing_curl(at, CAT, "-H", "User-Agent: my-signer/1.0"), through=nginx("appends-to-user-agent")),
    case("HDR-EXPECT", "curl-nginx", "proven", lambda at: signing_curl(at, CAT, "-X", "PUT", "--data-binary", "x", "-H", "Expect: 100-continue"), through=nginx("passes-host")),
    case("HDR-RANGE", "curl-nginx", "proven", lambda at: signing_curl(at, CAT, "-H", "Range: bytes=0-"), through=nginx("caches-slices")),
    case("HDR-HOP", "curl-nginx", "proven", lambda at: signing_curl(at, CAT, "-H", "Connection: keep-alive"), through=nginx("passes-host")),
    case("HDR-HOP", "curl-haproxy", "proven", lambda at: signing_curl(at, CAT, "-H", "X-Forwarded-For: 10.0.0.7"), through=haproxy("passes-on")),
    case("HDR-MISSING", "boto3-haproxy", "proven", lambda at: boto3(at, 's3.put_object(Bucket="photos", Key="cat.jpg", ACL="private")'), through=haproxy("deletes-acl")),
    case("HDR-MISSING", "boto3-caddy", "exact", lambda at: boto3(at, 's3.put_object(Bucket="photos", Key="cat.jpg", Metadata={"about": "nobody knows"})'), through=caddy("deletes-metadata")),
    case("MTH-PROXY", "boto3-nginx", "proven", lambda at: boto3(at, 's3.head_object(Bucket="photos", Key="cat.jpg")'), through=nginx("caches")),
    case("MTH-PROXY", "boto3-haproxy", "proven", lambda at: boto3(at, 's3.head_bucket(Bucket="photos")'), through=haproxy("turns-head-into-get")),
    case("QRY-EXTRA", "boto3-nginx", "proven", listing, through=nginx("adds-a-parameter")),
    case("HDR-TRACE", "curl-haproxy", "unproven", lambda at: signing_curl(at, CAT, "-H", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), through=haproxy("begins-a-span")),
    case("URI-TRAILSLASH", "boto3-nginx", "proven", lambda at: keyed(at, "folder/"), through=nginx("cuts-the-last-slash")),
    case("HST-VHOST", "curl-nginx", "proven", lambda at: signing_curl(at, "/cat.jpg", host=f"photos.s3.example.com:{at.port}"), through=nginx("bucket-into-path"),
         context={"domains": ["s3.example.com"]}),
    case("HST-BUCKET-TWICE", "boto3-nginx", "proven", lambda at: keyed(at, "cat.jpg"), through=nginx("serves-one-bucket")),
    case("HDR-DUP", "boto3-haproxy", "proven", lambda at: boto3(at, 's3.put_object(Bucket="photos", Key="cat.jpg", Metadata={"a": "1"})'), through=haproxy("doubles-metadata")),
    case("HST-PORT-DEFAULT", "js-signer", "proven", lambda at: signer(at, {}, host="s3.example.com:80")),
    case("HST-SCHEME", "js-signer", "proven", lambda at: signer(at, {}, host="http://s3.example.com")),
    case("HST-CASE", "js-signer", "proven", lambda at: signer(at, {}, "-H", "Host: S3.Example.com", host="s3.example.com")),
    case("SCP-REGION-EMPTY", "js-signer", "exact", lambda at: signer(at, {}, config={"region": ""})),
    case("PAY-UNSIGNED", "js-signer", "proven", lambda at: signer(at, {}, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", config={"applyChecksum": False})),
    case("URI-DOUBLE", "js-signer", "proven", lambda at: signer(at, {}, target="/photos/a%20key", config={"uriEscapePath": True})),
    case("PAY-EMPTYHASH", "js-signer", "exact", lambda at: signer(at, {"method": "PUT"}, "-X", "PUT", "--data-binary", "meow", "-H", "Content-Type:")),
    case("HDR-SHA-MISSING", "curl", "exact", lambda at: signing_curl(at, CAT, sha=False)),
    case("HDR-ORDER", "curl", "proven", lambda at: signing_curl(at, CAT, "-H", "x-amz-meta-a: 1", "-H", "x-amz-meta-a-b: 2")),
    case("HDR-NONASCII", "js-v3", "proven", lambda at: js_v3(at, 'await put({ Body: Buffer.from("meow"), Metadata: { name: "café" } });')),
    # Node writes a character of its own choice for what it cannot decode, so nobody can tell what was signed.
    case("HDR-NONASCII", "js-v3-disposition", "unproven", lambda at: js_v3(at, 'await put({ ContentDisposition: "attachment; filename=café.jpg" });')),
    case("HDR-NONASCII", "minio-js", "proven", lambda at: minio_js(at, 'await client.putObject("photos", "cat.jpg", "meow", 4, { name: "café" });')),
    case("HDR-COPYSRC", "js-v2", "proven", lambda at: js_v2(at, 'await s3.copyObject({ Bucket: "photos", Key: "cat.jpg", CopySource: "photos/a café.jpg" }).promise();')),
    case("HDR-COPYSRC", "js-v3", "proven", lambda at: js_v3(at, 'await s3.send(new S3.CopyObjectCommand({ ...cat, CopySource: "photos/a café.jpg" }));')),
    case("URI-RAW", "curl", "proven", lambda at: signing_curl(at, "/photos/a=b(1).txt")),
    case("URI-LOWERHEX", "curl", "proven", lambda at: signing_curl(at, "/photos/caf%c3%a9.txt")),
    case("URI-TILDE", "curl", "proven", lambda at: signing_curl(at, "/photos/%7Ecat")),
    case("URI-SLASH", "curl", "proven", lambda at: signing_curl(at, "/photos/a%2Fb")),
    case("QRY-NOEQ", "curl", "proven", lambda at: signing_curl(at, "/photos?acl")),
    case("QRY-ENC", "curl", "proven", lambda at: signing_curl(at, "/photos?list-type=2&prefix=a/b(1)")),
    case("QRY-SORT", "curl", "proven", lambda at: signing_curl(at, "/photos?prefix=a&list-type=2")),
]
