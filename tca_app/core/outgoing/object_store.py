"""Writes objects into a bucket that speaks S3, as one signed request each."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from obstore.exceptions import BaseError
from obstore.store import S3Store

from tca_app.core.export_url import Bucket

if TYPE_CHECKING:
    from obstore.store import S3Credential

CONNECT_TIMEOUT = timedelta(seconds=3)
TIMEOUT = timedelta(seconds=10)
MAX_RETRIES = 2
RETRY_TIMEOUT = timedelta(seconds=20)


class AccessKey(NamedTuple):
    """The id and the secret of a key that does not expire."""

    key_id: str
    secret: str

    def credential(self) -> "S3Credential":
        return {"access_key_id": self.key_id, "secret_access_key": self.secret, "token": None, "expires_at": None}


async def put(bucket: Bucket, key: AccessKey | None, name: str, content: bytes, content_type: str) -> None:
    """Write an object, or replace it. Raises OSError. The store refuses content that does not match its SHA-256.

    Without a key the library finds that of the machine: AWS_… variables, a web identity, a container or an instance.
    """
    path = f"{bucket.folder}/{name}".lstrip("/")
    try:
        # In a thread: with `put_async` and a provider of credentials a process can abort when it ends.
        await asyncio.to_thread(_put, bucket, key, path, content, content_type)
    except BaseError as error:
        raise OSError(" ".join(str(error).split())) from error


def _put(bucket: Bucket, key: AccessKey | None, path: str, content: bytes, content_type: str) -> None:
    _open(bucket, key).put(path, content, attributes={"Content-Type": content_type}, use_multipart=False)


def _open(bucket: Bucket, key: AccessKey | None) -> S3Store:
    return S3Store(
        bucket.name,
        aws_endpoint_url_s3=bucket.endpoint,  # AWS_ENDPOINT_URL_S3 would win over a plain `endpoint`
        region=bucket.region,
        virtual_hosted_style_request=False,
        checksum_algorithm="SHA256",
        client_options={
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": TIMEOUT,
            "allow_http": bucket.endpoint.startswith("http://"),
        },
        retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT},
        # Not as `access_key_id`, which an AWS_SESSION_TOKEN of the environment would join.
        credential_provider=key.credential if key else None,
    )
