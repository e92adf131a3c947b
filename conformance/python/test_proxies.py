"""nginx, HAProxy and Caddy of Debian in front of the server: configured right, and each in the ways people configure them wrong.

Real clients send through them. A right configuration changes nothing that is signed, so everything works; of a wrong one the answer
names the cause. Here a test is named by its proxy.
"""

import io
import os
import urllib.error
import urllib.request

import pytest
import signing
from harness import DIFFICULT_KEYS, MIB, Caddy, Haproxy, Nginx, bucket_name
from test_boto3 import connect, put, read, refused, refused_link, said
from test_curl import curl, done, message
from test_curl import refused as refused_for_curl

NGINX, HAPROXY, CADDY = ("passes-host", Nginx), ("passes-on", Haproxy), ("passes-on", Caddy)


@pytest.fixture(scope="module")
def bucket(server):
    name = bucket_name("proxies")
    connect(server).create_bucket(Bucket=name)
    return name


def everyday(server, endpoint, **credentials):
    """Everyday work of boto3 through something in between; gives the client, and its bucket with one object left in it."""
    client, body = connect(server, endpoint=endpoint, **credentials), os.urandom(9 * MIB)
    own = bucket_name("through")
    client.create_bucket(Bucket=own)
    client.upload_fileobj(io.BytesIO(body), own, "several/parts")
    assert read(client, own, "several/parts") == body
    assert read(client, own, "several/parts", Range="bytes=5-9") == body[5:10]
    assert client.head_object(Bucket=own, Key="several/parts")["ContentLength"] == len(body)
    client.copy_object(Bucket=own, Key="copy", CopySource={"Bucket": own, "Key": "several/parts"})
    for object_key in ("several/parts", "copy"):
        link = client.generate_presigned_url("get_object", Params={"Bucket": own, "Key": object_key}, ExpiresIn=60)
        with urllib.request.urlopen(link) as response:
            assert response.read() == body
    client.delete_object(Bucket=own, Key="copy")
    return client, own


def works_through(server, proxy, keys):
    """Everyday work of boto3 and curl through a proxy that is configured right."""
    name, kind = proxy
    with kind(name, server.host) as front:
        client, own = everyday(server, front.url)
        for object_key in keys:
            client.put_object(Bucket=own, Key=object_key, Body=object_key.encode(), Metadata={"about": "a key"})
            assert read(client, own, object_key) == object_key.encode()
        listed = [entry["Key"] for entry in client.list_objects_v2(Bucket=own)["Contents"]]
        assert sorted(listed) == sorted([*keys, "several/parts"])
        done(curl(f"{front.url}/{own}/by%20curl", "-X", "PUT", "--data-binary", "curl"))
        assert done(curl(f"{front.url}/{own}/by%20curl")).body == b"curl"
        # A refusal comes through whole, too.
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=front.url, secret="x\n"), bucket=own)
        assert said(error).status == "unproven"


def nginx_configured_right_everything_works(server):
    # nginx refuses a path that leads above its root, whatever it is told.
    works_through(server, NGINX, [each for each in DIFFICULT_KEYS if each != "../../x"])


def haproxy_configured_right_everything_works(server):
    works_through(server, HAPROXY, DIFFICULT_KEYS)


def caddy_configured_right_everything_works(server):
    works_through(server, CADDY, DIFFICULT_KEYS)


def named(server, error, cause_id, slot, *parts, signed=None, received=None):
    """The cause is proven, in this slot; the message that boto3 prints holds these parts, and the record both values."""
    diagnosis = said(error)
    assert (diagnosis.ids, diagnosis.status, diagnosis.slot) == ([cause_id], "proven", slot), f"{diagnosis} {error}"
    for part in parts:
        assert part in str(error), str(error)
    recorded(server, error.response["ResponseMetadata"]["RequestId"], signed, received)


def named_to_curl(server, answer, cause_id, slot, *parts, signed=None, received=None):
    diagnosis = refused_for_curl(answer, 403, "SignatureDoesNotMatch")
    assert (diagnosis.ids, diagnosis.status, diagnosis.slot) == ([cause_id], "proven", slot), (diagnosis, answer.body)
    for part in parts:
        assert part in message(answer), message(answer)
    recorded(server, answer.headers["x-amz-request-id"], signed, received)


def recorded(server, request_id, signed, received):
    """Behind a proxy the answer names only what was received; whoever runs the server sees what was signed as well."""
    cause = signing.refusal(server, request_id)["causes"][0]
    assert signed is None or cause["signed"] == signed, cause
    assert received is None or cause["received"] == received, cause


def signing_more(client, **headers):
    """A boto3 client that signs these headers as well."""
    def add(request, **_):
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value

    client.meta.events.register("before-sign.s3", add)
    return client


# nginx


def nginx_that_merges_slashes_is_named_with_the_setting(server, bucket):
    with Nginx("merges-slashes", server.host) as front:
        client = connect(server, endpoint=front.url)
        put(client, bucket, Key="one/slash")
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket, Key="/leading/slash")
        named(server, error, "URI-MERGE", "uri", "merge_slashes off;", signed=f"/{bucket}//leading/slash", received=f"/{bucket}/leading/slash")
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket, Key="a//b//c")
        named(server, error, "URI-MERGE", "uri", signed=f"/{bucket}/a//b//c")


def nginx_that_strips_a_prefix_is_named_with_both_paths(server, bucket):
    with Nginx("strips-prefix", server.host) as front:
        client = connect(server, endpoint=f"{front.url}/s3")
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket, Key="a key")
        named(server, error, "HST-PREFIX", "uri", f"/{bucket}/a%20key", "proxy_pass", signed=f"/s3/{bucket}/a%20key")


def nginx_that_drops_accept_encoding_is_named(server, bucket):
    with Nginx("drops-accept-encoding", server.host) as front:
        client = signing_more(connect(server, endpoint=front.url), Accept_Encoding="gzip")
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket)
        named(server, error, "HDR-AE", "header:accept-encoding", "proxy_set_header", signed="gzip")


def nginx_never_passes_expect_on_so_that_signing_it_is_named(server, bucket):
    with Nginx("passes-host", server.host) as front:
        answer = curl(f"{front.url}/{bucket}/expect", "-X", "PUT", "--data-binary", "x", "-H", "Expect: 100-continue")
        named_to_curl(server, answer, "HDR-EXPECT", "header:expect", "Do not sign Expect")


def nginx_that_appends_to_user_agent_is_named_with_the_signed_one(server, bucket):
    with Nginx("appends-to-user-agent", server.host) as front:
        answer = curl(f"{front.url}/{bucket}", "-H", "User-Agent: my-signer/1.0")
        named_to_curl(server, answer, "HDR-UA", "header:user-agent", "my-signer/1.0 edge/1.0", signed="my-signer/1.0")


def nginx_that_caches_and_turns_head_into_get_is_named(server, bucket):
    put(connect(server), bucket, Key="head")
    with Nginx("caches", server.host) as front:
        client = connect(server, endpoint=front.url)
        assert read(client, bucket, "head") == b"refused"
        error = refused("403", 403, client.head_object, Bucket=bucket, Key="not-cached-yet")
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.status, diagnosis.slot) == (["MTH-PROXY"], "proven", "method"), diagnosis


def nginx_that_fetches_slices_changes_the_signed_range(server, bucket):
    put(connect(server), bucket, Key="film", Body=b"x" * (2 * MIB))
    with Nginx("caches-slices", server.host) as front:
        answer = curl(f"{front.url}/{bucket}/film", "-H", "Range: bytes=0-")
        named_to_curl(server, answer, "HDR-RANGE", "header:range", signed="bytes=0-", received="bytes=0-1048575")


def nginx_that_adds_a_parameter_is_named_with_it(server, bucket):
    with Nginx("adds-a-parameter", server.host) as front:
        link = connect(server, endpoint=front.url).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        status, diagnosis, xml = refused_link(link)
        assert (status, diagnosis.ids, diagnosis.status, diagnosis.slot) == (403, ["QRY-EXTRA"], "proven", "query"), xml
        assert "edge=frankfurt" in xml


# HAProxy


def haproxy_that_sets_host_is_named_with_both_hosts(server, bucket):
    with Haproxy("sets-host", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=front.url), bucket=bucket)
        named(server, error, "HST-PROXY", "host", front.host, server.host, "If HAProxy is in front, remove http-request set-header Host.")


def haproxy_that_strips_a_prefix_is_named_with_both_paths(server, bucket):
    with Haproxy("strips-prefix", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=f"{front.url}/s3"), bucket=bucket)
        named(server, error, "HST-PREFIX", "uri", "replace-path", signed=f"/s3/{bucket}/refused")


def haproxy_that_strips_a_prefix_and_the_slash_at_the_end_is_named(server, bucket):
    with Haproxy("strips-prefix-and-slash", server.host) as front:
        answer = curl(f"{front.url}/s3/{bucket}/")
        named_to_curl(server, answer, "HST-PREFIX-SLASH", "uri", signed=f"/s3/{bucket}/", received=f"/{bucket}")


def haproxy_that_deletes_a_signed_header_is_named_with_its_value(server, bucket):
    with Haproxy("deletes-acl", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=front.url), bucket=bucket, ACL="private")
        named(server, error, "HDR-MISSING", "header:x-amz-acl", "x-amz-acl", signed="private")


def haproxy_that_cleans_paths_is_named(server, bucket):
    with Haproxy("cleans-paths", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=front.url), bucket=bucket, Key="a//b")
        named(server, error, "URI-MERGE", "uri", "normalize-uri path-merge-slashes", signed=f"/{bucket}/a//b")
        answer = curl(f"{front.url}/{bucket}/./k")
        named_to_curl(server, answer, "URI-DOTS", "uri", signed=f"/{bucket}/./k")


def haproxy_that_turns_head_into_get_is_named(server, bucket):
    with Haproxy("turns-head-into-get", server.host) as front:
        error = refused("403", 403, connect(server, endpoint=front.url).head_bucket, Bucket=bucket)
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.status) == (["MTH-PROXY"], "proven"), diagnosis


# Caddy


def caddy_that_sets_host_is_named_with_both_hosts(server, bucket):
    with Caddy("sets-host", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=front.url), bucket=bucket)
        named(server, error, "HST-PROXY", "host", front.host, server.host, "Caddy", "remove header_up Host from reverse_proxy.")


def caddy_that_strips_a_prefix_is_named_with_both_paths(server, bucket):
    with Caddy("strips-prefix", server.host) as front:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=f"{front.url}/s3"), bucket=bucket)
        named(server, error, "HST-PREFIX", "uri", signed=f"/s3/{bucket}/refused")


def caddy_that_sets_accept_encoding_is_named_with_both_values(server, bucket):
    with Caddy("sets-accept-encoding", server.host) as front:
        client = signing_more(connect(server, endpoint=front.url), Accept_Encoding="gzip")
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket)
        named(server, error, "HDR-AE", "header:accept-encoding", signed="gzip", received="identity")


def caddy_that_deletes_metadata_is_named_without_a_guess(server, bucket):
    with Caddy("deletes-metadata", server.host) as front:
        client = connect(server, endpoint=front.url)
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket, Metadata={"about": "nobody knows"})
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.status, diagnosis.slot) == (["HDR-MISSING"], "exact", "header:x-amz-meta-about"), diagnosis
