"""AWS's exceptions as ours. Tests fail where the service model or botocore gains one that is not in a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from botocore import exceptions as aws

from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.transport.http import error_for_status, parse_retry_after, redirect_remedy
from teachers.transport.keys import redact

SIGN_IN = "Check the AWS credentials: the environment, ~/.aws, or the role"
EXPIRED = "The token has expired: sign in again (aws sso login), or set new keys"
CLOCK = "Check this machine's clock and the secret key"
ACCESS = "Allow bedrock:InvokeModel on {model}, and get access to the model in {region}"
QUOTA = "Lower concurrency, or ask AWS for a larger quota in {region}"
OFFERED = "Check the model's id, and that {region} offers it: aws bedrock list-foundation-models --region {region}"

WORDS = 600
"""Characters that are kept of an error's message: some gateways send a whole page."""

CODES: Mapping[str, tuple[type[TeacherError], str | None]] = {
    # what the service model of bedrock-runtime lists
    "AccessDeniedException": (AuthError, ACCESS),
    "ConflictException": (Transient, None),
    "InternalServerException": (Transient, None),
    "ModelErrorException": (Transient, None),
    "ModelNotReadyException": (Transient, "AWS is loading the model, which can take minutes"),
    "ModelStreamErrorException": (Transient, None),
    "ModelTimeoutException": (Transient, "Ask for fewer tokens: set max_tokens lower"),
    "ResourceNotFoundException": (InvalidRequest, OFFERED),
    "ServiceQuotaExceededException": (RateLimited, QUOTA),
    "ServiceUnavailableException": (Transient, None),
    "ThrottlingException": (RateLimited, QUOTA),
    "ValidationException": (InvalidRequest, None),
    # what every AWS service can answer
    "ExpiredToken": (AuthError, EXPIRED),
    "ExpiredTokenException": (AuthError, EXPIRED),
    "FTUFormNotFilled": (AuthError, "Submit the model's use case details in the Bedrock console"),
    "IncompleteSignature": (AuthError, SIGN_IN),
    "InvalidClientTokenId": (AuthError, SIGN_IN),
    "InvalidSignatureException": (AuthError, CLOCK),
    "MissingAuthenticationToken": (AuthError, SIGN_IN),
    "NotAuthorized": (AuthError, ACCESS),
    "OptInRequired": (AuthError, ACCESS),
    "RequestExpired": (AuthError, CLOCK),
    "SignatureDoesNotMatch": (AuthError, CLOCK),
    "UnrecognizedClientException": (AuthError, SIGN_IN),
    "UnknownOperationException": (InvalidRequest, "Check the base URL: it is not Bedrock's runtime"),
}
"""By AWS's code; any other is read by its status."""

ADVICE = (
    ("on-demand throughput", "Use an inference profile's id, such as us.{model}"),
    ("model identifier is invalid", OFFERED),
    ("too long", "Shorten the prompt, or use a model with a longer context"),
    ("too many", "Shorten the prompt, or use a model with a longer context"),
    ("cannot both be specified", "Set temperature or top_p, not both"),
    ("is deprecated for this model", "Unset it in the recipe"),
    ("cache", "Set cache_prefix: false"),
    ("schema", "Use a schema that the model supports, or unset json_schema"),
)
"""The remedy for a ValidationException that says so. The kind of error never depends on its words."""

KINDS: Mapping[type[Exception], type[TeacherError]] = {
    aws.HTTPClientError: Transient,  # timeouts and connections that broke
    aws.ConnectionError: Transient,  # those that could not be made: names, TLS, proxies
    aws.IncompleteReadError: Transient,
    aws.CapacityNotAvailableError: Transient,
    aws.NoCredentialsError: AuthError,
    aws.NoAuthTokenError: AuthError,
    aws.TokenRetrievalError: AuthError,
    aws.UnknownTokenProviderError: AuthError,
    aws.PartialCredentialsError: AuthError,
    aws.CredentialRetrievalError: AuthError,
    aws.UnknownCredentialError: AuthError,
    aws.RefreshWithMFAUnsupportedError: AuthError,
    aws.MetadataRetrievalError: AuthError,
    aws.InvalidIMDSEndpointError: AuthError,
    aws.InvalidIMDSEndpointModeError: AuthError,
    aws.ProfileNotFound: AuthError,
    aws.ConfigNotFound: AuthError,
    aws.ConfigParseError: AuthError,
    aws.InfiniteLoopConfigError: AuthError,
    aws.SSOError: AuthError,
    aws.LoginError: AuthError,
    aws.MissingDependencyException: AuthError,  # a credential provider that needs awscrt
    aws.ChecksumError: Malformed,
    aws.FlexibleChecksumError: Malformed,
    aws.BaseEndpointResolverError: InvalidRequest,  # no region, or none that has Bedrock
    aws.UnknownRegionError: InvalidRequest,
    aws.InvalidRegionError: InvalidRequest,
    aws.ServiceNotInRegionError: InvalidRequest,
    aws.EndpointProviderError: InvalidRequest,
    aws.InvalidEndpointConfigurationError: InvalidRequest,
    aws.InvalidHostLabelError: InvalidRequest,
    aws.InvalidConfigError: InvalidRequest,
    aws.InvalidDefaultsMode: InvalidRequest,
    aws.InvalidProxiesConfigError: InvalidRequest,
    aws.InvalidRetryConfigurationError: InvalidRequest,
    aws.ParamValidationError: InvalidRequest,
    aws.MissingParametersError: InvalidRequest,
    aws.ValidationError: InvalidRequest,
    aws.UnknownSignatureVersionError: InvalidRequest,
    aws.UnsupportedSignatureVersionError: InvalidRequest,
}
"""The exceptions that botocore raises without an answer from AWS."""


def kind_of(error: type[Exception]) -> type[TeacherError] | None:
    """Returns our kind for an exception that is no answer of AWS's; None where the table has no row for it."""
    return next((KINDS[base] for base in error.__mro__ if base in KINDS), None)


def translate(error: Exception, *, model: str, region: str, secrets: Iterable[str]) -> TeacherError:
    """Returns our error for botocore's.

    Each of `secrets`, which AWS echoes in some errors, is cut from both messages.
    """
    secrets = tuple(secrets)
    error.args = tuple(_cut(str(arg), secrets) for arg in error.args)
    where = {"model": model, "region": region}
    if isinstance(error, aws.ClientError):
        return _from_answer(error, where, secrets)
    kind = kind_of(type(error)) or Transient
    return kind(_cut(str(error), secrets).rstrip("."), provider="bedrock", remedy=_remedy(error, kind, where))


def _cut(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = redact(text, secret)
    return text


def _from_answer(error: aws.ClientError, where: Mapping[str, str], secrets: tuple[str, ...]) -> TeacherError:
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, status = str(details.get("Code", "")), metadata.get("HTTPStatusCode")
    # Cut first: shortening could leave half a secret.
    words = _cut(str(details.get("Message") or "no reason given"), secrets).strip()[:WORDS].rstrip(".")
    kind, remedy = CODES.get(code) or _by_status(status)
    if code == "ModelErrorException":
        kind = _by_status(error.response.get("originalStatusCode"))[0]
    if code == "ValidationException":
        remedy = next((advice for phrase, advice in ADVICE if phrase in words.lower()), None)
    if code in CODES:
        words = f"{code}: {words}"
    return kind(
        words,
        provider="bedrock",
        status=status,
        retry_after_s=parse_retry_after(metadata.get("HTTPHeaders", {})),
        remedy=remedy and remedy.format_map(where),
    )


def _by_status(status: int | None) -> tuple[type[TeacherError], str | None]:
    if status in (401, 403):
        return error_for_status(status), SIGN_IN
    return error_for_status(status), redirect_remedy(status)


def _remedy(error: Exception, kind: type[TeacherError], where: Mapping[str, str]) -> str | None:
    if isinstance(error, aws.EndpointConnectionError):
        return f"Is there Bedrock in {where['region']}, and a way to it from here?"
    if isinstance(error, aws.UnauthorizedSSOTokenError | aws.LoginRefreshRequired):
        return EXPIRED
    if kind is AuthError:
        return SIGN_IN
    return None
