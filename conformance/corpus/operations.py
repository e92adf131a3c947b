"""What each client is asked to do: the same few operations of S3, in the words of each.

Every operation is about the bucket `photos`. `{key}` stands for the object key, as a literal of the language.
"""

from clients import aws, rclone, s3cmd, signing_curl
from workers import PUBLIC, link

SDKS = {
    "boto3": {
        "put": 's3.put_object(Bucket="photos", Key={key}, Body=b"meow", ContentType="image/jpeg")',
        "put-acl": 's3.put_object(Bucket="photos", Key={key}, Body=b"meow", ACL="private", Metadata={"a": "1"})',
        "put-plain": 's3.put_object(Bucket="photos", Key={key}, Body=b"meow", ContentType="text/plain")',
        "get": 's3.get_object(Bucket="photos", Key={key})',
        "range": 's3.get_object(Bucket="photos", Key={key}, Range="bytes=0-")',
        "head": 's3.head_object(Bucket="photos", Key={key})',
        "list": 's3.list_objects_v2(Bucket="photos", Prefix="cats/2026")',
        "uploads": 's3.create_multipart_upload(Bucket="photos", Key={key})',
        "part": 's3.upload_part(Bucket="photos", Key={key}, UploadId="abc", PartNumber=2, Body=b"meow")',
        "copy": 's3.copy_object(Bucket="photos", Key={key}, CopySource="photos/dog.jpg")',
        "link-get": 'link("get_object", Key={key})',
        "link-put": 'link("put_object", Key={key})',
        "link-put-typed": 'link("put_object", Key={key}, ContentType="image/jpeg")',
        "link-put-plain": 'link("put_object", Key={key}, ContentType="text/plain")',
        "link-put-acl": 'link("put_object", Key={key}, ACL="public-read")',
        "post": "post()",
    },
    "js-v3": {
        "put": 'await put({ Key: {key}, ContentType: "image/jpeg" });',
        "put-acl": 'await put({ Key: {key}, ACL: "private", Metadata: { a: "1" } });',
        "put-plain": 'await put({ Key: {key}, ContentType: "text/plain" });',
        "get": "await s3.send(new S3.GetObjectCommand({ ...cat, Key: {key} }));",
        "range": 'await s3.send(new S3.GetObjectCommand({ ...cat, Key: {key}, Range: "bytes=0-" }));',
        "head": "await s3.send(new S3.HeadObjectCommand({ ...cat, Key: {key} }));",
        "list": 'await s3.send(new S3.ListObjectsV2Command({ Bucket: "photos", Prefix: "cats/2026" }));',
        "uploads": "await s3.send(new S3.CreateMultipartUploadCommand({ ...cat, Key: {key} }));",
        "part": 'await s3.send(new S3.UploadPartCommand({ ...cat, Key: {key}, UploadId: "abc", PartNumber: 2, Body: "meow" }));',
        "copy": 'await s3.send(new S3.CopyObjectCommand({ ...cat, Key: {key}, CopySource: "photos/dog.jpg" }));',
        "stream": 'await put({ Key: {key}, Body: Readable.from([Buffer.from("meow")]), ContentLength: 4 });',
        "link-get": "console.log(await get({}, { Key: {key} }));",
        "link-put": "console.log(await upload({}, { Key: {key} }));",
        "link-put-typed": "console.log(await upload({ signableHeaders: new Set(['content-type']) }, { Key: {key}, ContentType: 'image/jpeg' }));",
        "link-put-plain": "console.log(await upload({ signableHeaders: new Set(['content-type']) }, { Key: {key}, ContentType: 'text/plain' }));",
        "link-put-acl": "console.log(await upload({ unhoistableHeaders: new Set(['x-amz-acl']) }, { Key: {key}, ACL: 'public-read' }));",
        "link-put-hoisted": "console.log(await upload({}, { Key: {key}, ACL: 'private' }));",
        "post": "console.log(JSON.stringify(await createPresignedPost(s3, { ...cat, Key: {key} })));",
    },
    "js-v2": {
        "put": 'await s3.putObject({ Bucket: "photos", Key: {key}, Body: "meow", ContentType: "image/jpeg" }).promise();',
        "put-acl": 'await s3.putObject({ Bucket: "photos", Key: {key}, Body: "meow", ACL: "private", Metadata: { a: "1" } }).promise();',
        "put-plain": 'await s3.putObject({ Bucket: "photos", Key: {key}, Body: "meow", ContentType: "text/plain" }).promise();',
        "get": 'await s3.getObject({ Bucket: "photos", Key: {key} }).promise();',
        "range": 'await s3.getObject({ Bucket: "photos", Key: {key}, Range: "bytes=0-" }).promise();',
        "head": 'await s3.headObject({ Bucket: "photos", Key: {key} }).promise();',
        "list": 'await s3.listObjectsV2({ Bucket: "photos", Prefix: "cats/2026" }).promise();',
        "uploads": 'await s3.createMultipartUpload({ Bucket: "photos", Key: {key} }).promise();',
        "part": 'await s3.uploadPart({ Bucket: "photos", Key: {key}, UploadId: "abc", PartNumber: 2, Body: "meow" }).promise();',
        "copy": 'await s3.copyObject({ Bucket: "photos", Key: {key}, CopySource: "photos/dog.jpg" }).promise();',
        "link-get": 'console.log(s3.getSignedUrl("getObject", { Bucket: "photos", Key: {key}, Expires: 300 }));',
        "link-put": 'console.log(s3.getSignedUrl("putObject", { Bucket: "photos", Key: {key}, Expires: 300 }));',
        "link-put-typed": 'console.log(s3.getSignedUrl("putObject", { Bucket: "photos", Key: {key}, Expires: 300, ContentType: "image/jpeg" }));',
        "link-put-plain": 'console.log(s3.getSignedUrl("putObject", { Bucket: "photos", Key: {key}, Expires: 300, ContentType: "text/plain" }));',
        "post": 'console.log(JSON.stringify(s3.createPresignedPost({ Bucket: "photos", Fields: { key: {key} }, Expires: 300 })));',
    },
    "minio-js": {
        "put": 'await client.putObject("photos", {key}, "meow", 4, { "Content-Type": "image/jpeg" });',
        "put-acl": 'await client.putObject("photos", {key}, "meow", 4, { "x-amz-acl": "private", a: "1" });',
        "put-plain": 'await client.putObject("photos", {key}, "meow", 4, { "Content-Type": "text/plain" });',
        "get": 'await client.getObject("photos", {key});',
        "range": 'await client.getPartialObject("photos", {key}, 0);',
        "head": 'await client.statObject("photos", {key});',
        "list": 'await new Promise((done) => client.listObjectsV2("photos", "cats/2026").on("error", done).on("end", done).resume());',
        "link-get": 'console.log(await client.presignedGetObject("photos", {key}, 300));',
        "link-put": 'console.log(await client.presignedPutObject("photos", {key}, 300));',
        "post": 'const policy = client.newPostPolicy(); policy.setBucket("photos"); policy.setKey({key}); policy.setExpires(new Date(Date.now() + 300000)); '
                'const { postURL, formData } = await client.presignedPostPolicy(policy); console.log(JSON.stringify({ url: postURL, fields: formData }));',
    },
    "minio-py": {
        "put": 'client.put_object("photos", {key}, io.BytesIO(b"meow"), 4, content_type="image/jpeg")',
        "put-plain": 'client.put_object("photos", {key}, io.BytesIO(b"meow"), 4, content_type="text/plain")',
        "get": 'client.get_object("photos", {key})',
        "head": 'client.stat_object("photos", {key})',
        "list": 'list(client.list_objects("photos", prefix="cats/2026"))',
        "link-get": 'print(client.presigned_get_object("photos", {key}))',
        "link-put": 'print(client.presigned_put_object("photos", {key}))',
    },
}

TOOLS = {
    "aws-cli": (aws, {
        "get": ("s3api", "get-object", "--bucket", "photos", "--key", "{key}", "/dev/null"),
        "head": ("s3api", "head-object", "--bucket", "photos", "--key", "{key}"),
        "list": ("s3api", "list-objects-v2", "--bucket", "photos", "--prefix", "cats/2026"),
        "uploads": ("s3api", "create-multipart-upload", "--bucket", "photos", "--key", "{key}"),
    }),
    "s3cmd": (s3cmd, {
        "get": ("get", "s3://photos/{key}", "-"),
        "head": ("info", "s3://photos/{key}"),
        "list": ("ls", "s3://photos/cats/2026"),
        "delete": ("del", "s3://photos/{key}"),
    }),
    "rclone": (rclone, {
        "list": ("lsf", "store:photos/cats/2026"),
        "head": ("size", "store:photos/{key}"),
    }),
    "curl": (signing_curl, {
        "get": ("/photos/{key}",),
        "put": ("/photos/{key}", "-X", "PUT", "--data-binary", "meow", "-H", "Content-Type: image/jpeg"),
        "put-plain": ("/photos/{key}", "-X", "PUT", "--data-binary", "meow", "-H", "Content-Type: text/plain"),
        "head": ("/photos/{key}", "-I"),
        "list": ("/photos?list-type=2&prefix=cats%2F2026",),
    }),
}


class Clients:
    """The workshop asked in one way for all clients, with what was asked before kept."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.bases = {}

    def base(self, name, operation, **settings):
        """As `send`, asked once."""
        place = (name, operation, repr(sorted(settings.items())))
        if place not in self.bases:
            self.bases[place] = self.send(name, operation, **settings)
        return self.bases[place].copy()

    def names(self):
        return [*SDKS, *TOOLS]

    def can(self, name, operation):
        return operation in (SDKS.get(name) or TOOLS[name][1])

    def send(self, name, operation, object_key="cat.jpg", method="GET", body=b"", headers=None, key_id=None, **settings):
        """The request of an operation; a link is opened by a plain client with this method, body and headers."""
        if key_id:
            settings["key"] = key_id
        if operation.startswith("link-"):
            method = "PUT" if operation.startswith("link-put") and method == "GET" else method
            return link(self.link(name, operation, object_key, **settings), method, body, **(headers or {}))
        if name in SDKS:
            code = SDKS[name][operation].replace("{key}", repr(object_key))
            settings.setdefault("endpoint", f"http://{PUBLIC}")
            return self.workshop.client(name, code, **settings)
        run, operations = TOOLS[name]
        return self.workshop.tool(run, *[word.replace("{key}", object_key) for word in operations[operation]], **settings)

    def link(self, name, operation, object_key="cat.jpg", **settings):
        settings.setdefault("endpoint", f"http://{PUBLIC}")
        return self.workshop.printed(name, SDKS[name][operation].replace("{key}", repr(object_key)), **settings)
