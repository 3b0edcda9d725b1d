"""What the real storage-api answers when it refuses: HTTP 400 and a body that holds the status as text."""

from dataclasses import dataclass

from tests.supabase.gateway.exchange import Reply, as_json


@dataclass
class Refused(Exception):
    """A refusal, in the words of the storage-api."""

    status_code: str
    error: str
    message: str
    code: str

    def reply(self) -> Reply:
        said = {
            "statusCode": self.status_code,
            "error": self.error,
            "message": self.message,
            "code": self.code,
        }
        return as_json(said, 400)


def no_object() -> Refused:
    return Refused("404", "not_found", "Object not found", "NoSuchKey")


def no_bucket() -> Refused:
    return Refused("404", "Bucket not found", "Bucket not found", "NoSuchBucket")


def there_already(code: str = "KeyAlreadyExists") -> Refused:
    return Refused("409", "Duplicate", "The resource already exists", code)


def denied() -> Refused:
    return Refused("403", "Unauthorized", "new row violates row-level security policy", "AccessDenied")


def bad_token(message: str) -> Refused:
    return Refused("403", "Unauthorized", message, "InvalidJWT")


def bad_key(key: str) -> Refused:
    return Refused("400", "InvalidKey", f"Invalid key: {key}", "InvalidKey")


def bad_type(kind: str) -> Refused:
    return Refused("415", "invalid_mime_type", f"mime type {kind} is not supported", "InvalidMimeType")


def too_large() -> Refused:
    message = "The object exceeded the maximum allowed size"
    return Refused("413", "Payload too large", message, "EntityTooLarge")
