"""The authorization server: which grants there are, and the rules on codes and tokens that the library leaves open.

Client credentials for machines, authorization code with PKCE (S256, always) and rotated refresh tokens for apps, the
device flow for tills. No implicit grant, no password grant. Codes, like tokens, are kept as their SHA-256 alone.
Sources: RFC 6749, 7636, 8628, 9700.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from oauth2_provider.models import DeviceGrant, Grant, RefreshToken
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, RevocationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.oauth2.rfc8628.endpoints import DeviceAuthorizationEndpoint
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from liushui.runtime.believed import digest_of
from liushui.runtime.models import OAuthCodeUse, TillEnrolment

DEVICE_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE_CODE_SECONDS = 600
DEVICE_POLL_SECONDS = 5
DEVICE_TOKEN_SECONDS = 120  # it is exchanged for the till's own secret at once
_USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, 6.1: no word comes of it, none is mistaken for another


def new_user_code() -> str:
    """Eight letters in two halves, about 34 bits: WDJB-MJHT."""
    letters = [secrets.choice(_USER_CODE_LETTERS) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint, DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """The grants that there are. Settings of the library that it would be given are not asked."""

    def __init__(self, request_validator: Any, **_settings: Any) -> None:
        bearer = BearerToken(request_validator, expires_in=_lifetime)
        code = AuthorizationCodeGrant(request_validator, pre_token=[_hash_code])
        code._code_challenge_methods = {"S256": code._code_challenge_methods["S256"]}
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=bearer
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="client_credentials",
            grant_types={
                "client_credentials": ClientCredentialsGrant(request_validator),
                "authorization_code": code,
                "refresh_token": RefreshTokenGrant(request_validator),
                DEVICE_GRANT_TYPE: DeviceCodeGrant(
                    request_validator, refresh_token=False, pre_token=[_take_person_of_device]
                ),
            },
            default_token_type=bearer,
        )
        RevocationEndpoint.__init__(self, request_validator)
        DeviceAuthorizationEndpoint.__init__(
            self,
            request_validator,
            verification_uri="",  # the address of this server is known at the request
            expires_in=DEVICE_CODE_SECONDS,
            interval=DEVICE_POLL_SECONDS,
            user_code_generator=new_user_code,
        )


class Core(OAuthLibCore):  # type: ignore[misc]  # untyped there
    """The bridge from Django's request, with the media type without parameters: `; charset=UTF-8` is no other type."""

    def extract_headers(self, request: Any) -> dict[str, Any]:
        headers: dict[str, Any] = super().extract_headers(request)
        headers["Content-Type"] = request.content_type or ""
        return headers


class Validator(OAuth2Validator):  # type: ignore[misc]  # untyped there
    """What the library asks about clients, codes and tokens, with the answers that this product gives otherwise."""

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Exactly one that was registered, letter by letter (RFC 9700, 2.1)."""
        return redirect_uri in request.client.redirect_uris.split()

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Only apps refresh: a machine asks anew with its secret, a till is enrolled once."""
        if grant_type == "refresh_token":
            return bool(client.authorization_grant_type == client.GRANT_AUTHORIZATION_CODE)
        return bool(super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs))

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Good for once and for an active person. A code that comes again ends the tokens that came of it."""
        if super().validate_code(client_id, code, client, request, *args, **kwargs):
            return bool(request.user.is_active)
        _end_tokens_of_code(code)
        return False

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        """What the app said first. The library reads the grant again each time: another exchange may have taken it."""
        with _of_one_taken_meanwhile(request):
            challenge: str | None = super().get_code_challenge(code, request)
        return challenge

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        """S256, of a code that nobody has taken meanwhile."""
        with _of_one_taken_meanwhile(request):
            method: str | None = super().get_code_challenge_method(code, request)
        return method

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """The address that the code was sent to, of a code that nobody has taken meanwhile."""
        with _of_one_taken_meanwhile(request):
            return bool(super().confirm_redirect_uri(client_id, code, redirect_uri, client, request, *args, **kwargs))

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """The latest of its family, of this client and of an active person; an older one ends the family."""
        good = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(good and request.user.is_active)

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the code went in the transaction in which its tokens came."""

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """In one transaction with taking what it is given for; of two exchanges at once, one is a replay."""
        try:
            return super().save_bearer_token(token, request, *args, **kwargs)
        except (errors.InvalidGrantError, IntegrityError) as error:
            if request.grant_type == "authorization_code":
                _end_tokens_of_code(request.code)
            raise errors.InvalidGrantError(request=request) from error

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        kind = request.grant_type
        if kind == "authorization_code":
            _take_code(request)
        elif kind == "refresh_token":
            _take_refresh_token(request)
        super()._save_bearer_token(token, request, *args, **kwargs)
        if kind == "authorization_code":
            family = RefreshToken.objects.filter(token_checksum=digest_of(token["refresh_token"]))
            OAuthCodeUse.objects.filter(code_sha256=request.code).update(
                token_family=family.values_list("token_family", flat=True).first()
            )
        elif kind == DEVICE_GRANT_TYPE:
            confirmed = TillEnrolment.objects.filter(device_code_sha256=digest_of(request.device_code))
            confirmed.exclude(confirmed_at=None).update(token_sha256=digest_of(token["access_token"]))

    def _create_authorization_code(self, request: Any, code: Any, expires: Any = None) -> Any:
        return super()._create_authorization_code(request, {**code, "code": digest_of(code["code"])}, expires)

    def _check_and_set_request_resource(self, request: Any) -> None:
        """Tokens are for this server and name no other (RFC 8707 lets a server ignore the parameter)."""
        request.resource = []


@contextmanager
def _of_one_taken_meanwhile(request: Any) -> Iterator[None]:
    """A code that another exchange takes between two looks at it has come twice: a replay, and no error of ours."""
    try:
        yield
    except Grant.DoesNotExist as error:
        _end_tokens_of_code(request.code)
        raise errors.InvalidGrantError(request=request) from error


def _lifetime(request: Any) -> int:
    return DEVICE_TOKEN_SECONDS if request.grant_type == DEVICE_GRANT_TYPE else int(settings.LIUSHUI.token_seconds)


def _hash_code(request: Any) -> None:
    """From here on the code is what is kept of it."""
    if request.code is not None:
        request.code = digest_of(request.code)


def _take_person_of_device(request: Any) -> None:
    """Who confirmed the device, and the scopes that it asked for then."""
    digest = digest_of(request.device_code or "")
    grant = DeviceGrant.objects.select_related("user").filter(device_code=digest).first()
    if grant is None or grant.user is None or not grant.user.is_active or grant.client_id != request.client_id:
        raise errors.InvalidGrantError(request=request)
    request.user, request.scopes = grant.user, grant.scope.split()


def _take_code(request: Any) -> None:
    deleted, _ = Grant.objects.filter(code=request.code, application=request.client).delete()
    if not deleted:
        raise errors.InvalidGrantError(request=request)
    OAuthCodeUse.objects.create(code_sha256=request.code, used_at=datetime.now(UTC))


def _take_refresh_token(request: Any) -> None:
    """Of two refreshes with one token at the same time, the second finds it taken."""
    row = RefreshToken.objects.select_for_update().get(pk=request.refresh_token_instance.pk)
    if row.revoked is not None:
        raise errors.InvalidGrantError(request=request)


def _end_tokens_of_code(code: str) -> None:
    use = OAuthCodeUse.objects.filter(code_sha256=code).first()
    if use is not None and use.token_family is not None:
        with transaction.atomic():
            RefreshToken.revoke_family(use.token_family)
