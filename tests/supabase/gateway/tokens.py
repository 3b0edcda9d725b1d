"""The keys of the loopback project and its JSON Web Tokens, signed with a secret that only the tests know."""

import secrets
import time
from typing import Any

import jwt

SECRET = "the secret of a project on loopback, long enough for HS256"
ROLES = ("anon", "authenticated", "service_role")
PUBLISHABLE_KEY = f"sb_publishable_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
SECRET_KEY = f"sb_secret_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
YEAR_S = 366 * 24 * 3600


def mint(role: str, seconds: float = 3600, **claims: Any) -> str:
    """A token of `role` that expires in `seconds`, which may be negative."""
    content = {"iss": "supabase", "role": role, "exp": int(time.time() + seconds), **claims}
    return jwt.encode(content, SECRET, algorithm="HS256")


ANON_KEY = mint("anon", YEAR_S)
SERVICE_KEY = mint("service_role", YEAR_S)
_BEHIND = {PUBLISHABLE_KEY: ANON_KEY, SECRET_KEY: SERVICE_KEY}
_KNOWN = {ANON_KEY, SERVICE_KEY, *_BEHIND}


def is_key(key: str) -> bool:
    """True for a key of this project."""
    return key in _KNOWN


def token_of(key: str) -> str:
    """The token that stands for a key of the new kind; any other text as it is."""
    return _BEHIND.get(key, key)


def claims_of(token: str) -> dict[str, Any]:
    """What a token says.

    Raises:
        jwt.InvalidTokenError: If it is expired, not signed with the secret, or of an unknown role.
    """
    claims = jwt.decode(token_of(token), SECRET, algorithms=["HS256"], options={"verify_aud": False})
    if claims.get("role") not in ROLES:
        raise jwt.InvalidTokenError(f"no role {claims.get('role')}")
    return claims


def shortened(token: str, seconds: float) -> str:
    """The same token, but it expires in `seconds`."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims | {"exp": int(time.time() + seconds)}, SECRET, algorithm="HS256")
