"""Every exception of the service model and of botocore has one of ours."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.exceptions
import botocore.session
import pytest

from teachers.bedrock.errors import CODES, KINDS, kind_of, translate
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient

# Raised by other services and by features that a call to Converse or InvokeModel does not use; `translate` would
# still make them Transient rather than let them through.
NOT_FROM_A_CALL = {
    "ApiVersionNotFoundError",
    "AwsChunkedWrapperError",
    "BotoCoreError",
    "DataNotFoundError",
    "EndpointDiscoveryException",
    "EndpointDiscoveryRefreshFailed",
    "EndpointDiscoveryRequired",
    "ImminentRemovalWarning",
    "InvalidChecksumConfigError",
    "InvalidDNSNameError",
    "InvalidEndpointDiscoveryConfigurationError",
    "InvalidExpressionError",
    "InvalidS3AddressingStyleError",
    "InvalidS3UsEast1RegionalEndpointConfigError",
    "InvalidSTSRegionalEndpointsConfigError",
    "MD5UnavailableError",
    "MissingServiceIdError",
    "OperationNotPageableError",
    "PaginationError",
    "ResourceNotExistsError",
    "StubAssertionError",
    "StubResponseError",
    "UnStubbedResponseError",
    "UndefinedModelAttributeError",
    "UnknownAPIVersionError",
    "UnknownClientMethodError",
    "UnknownServiceError",
    "UnknownServiceStyle",
    "UnseekableStreamError",
    "UnsupportedOutpostResourceError",
    "UnsupportedS3AccesspointConfigurationError",
    "UnsupportedS3ArnError",
    "UnsupportedS3ConfigurationError",
    "UnsupportedS3ControlArnError",
    "UnsupportedS3ControlConfigurationError",
    "UnsupportedServiceProtocolsError",
    "UnsupportedTLSVersionWarning",
    "WaiterConfigError",
    "WaiterError",
}


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def raised_by_botocore() -> list[type[Exception]]:
    named = [item for item in vars(botocore.exceptions).values() if isinstance(item, type)]
    own = [item for item in named if item.__module__ == "botocore.exceptions" and issubclass(item, Exception)]
    below = [item for item in descendants(botocore.exceptions.BotoCoreError) if item.__module__.startswith("boto")]
    return sorted({*own, *below}, key=lambda kind: kind.__name__)


def in_the_service_model() -> list[str]:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return [shape.name for shape in model.error_shapes]


@pytest.mark.parametrize("kind", raised_by_botocore())
def test_every_exception_of_botocore_is_mapped(kind: type[Exception]) -> None:
    answered = issubclass(kind, botocore.exceptions.ClientError)
    assert answered or (kind_of(kind) is not None) is (kind.__name__ not in NOT_FROM_A_CALL)


@pytest.mark.parametrize("code", in_the_service_model())
def test_every_exception_of_the_service_model_is_mapped(code: str) -> None:
    assert code in CODES


def test_the_service_model_is_the_one_that_was_read() -> None:
    assert len(in_the_service_model()) == 12
    assert len(raised_by_botocore()) > 90


def test_the_tables_name_only_our_errors() -> None:
    assert all(issubclass(kind, TeacherError) for kind in (*KINDS.values(), *(kind for kind, _ in CODES.values())))


def answered(code: str, message: str, status: int = 400, **more: object) -> TeacherError:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": "3"}}
    details = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **more}
    error = botocore.exceptions.ClientError(details, "Converse")
    return translate(error, model="amazon.nova-pro-v1:0", region="eu-north-1", secrets=())


@pytest.mark.parametrize(
    ("code", "status", "message", "kind", "advice"),
    [
        (
            "AccessDeniedException",
            403,
            "You don't have access to the model with the specified model ID.",
            AuthError,
            "get access to the model in eu-north-1",
        ),
        (
            "ExpiredTokenException",
            403,
            "The security token included in the request is expired",
            AuthError,
            "The token has expired: sign in again",
        ),
        (
            "UnrecognizedClientException",
            403,
            "The security token included in the request is invalid.",
            AuthError,
            "Check the AWS credentials",
        ),
        ("InvalidSignatureException", 403, "Signature expired", AuthError, "clock"),
        (
            "ValidationException",
            400,
            "The provided model identifier is invalid.",
            InvalidRequest,
            "eu-north-1 offers it: aws bedrock list-foundation-models --region eu-north-1",
        ),
        (
            "ValidationException",
            400,
            "Invocation of model ID amazon.nova-pro-v1:0 with on-demand throughput isn’t supported. Retry your request "
            "with the ID or ARN of an inference profile that contains this model.",
            InvalidRequest,
            "us.amazon.nova-pro-v1:0",
        ),
        ("ValidationException", 400, "Input is too long for requested model.", InvalidRequest, "Shorten the prompt"),
        ("ValidationException", 400, "`temperature` is deprecated for this model.", InvalidRequest, "Unset it"),
        ("ValidationException", 400, "Malformed input request", InvalidRequest, "Malformed input request"),
        ("ResourceNotFoundException", 404, "Could not resolve the model", InvalidRequest, "that eu-north-1 offers it"),
        ("ThrottlingException", 429, "Too many requests", RateLimited, "quota in eu-north-1"),
        ("ServiceQuotaExceededException", 400, "exceeds the service quota", RateLimited, "quota in eu-north-1"),
        ("ModelNotReadyException", 429, "Model is not ready", Transient, "minutes"),
        ("ModelTimeoutException", 408, "timed out", Transient, "max_tokens"),
        ("ServiceUnavailableException", 503, "Too many connections", Transient, "Too many connections"),
        ("overloaded_error", 529, "overloaded", Transient, "overloaded"),
        ("404", 404, "no such page", InvalidRequest, "no such page"),
        ("307", 307, "", InvalidRequest, "Give the base URL it leads to"),
    ],
)
def test_aws_words_are_kept_and_what_to_do_is_said(
    code: str, status: int, message: str, kind: type[TeacherError], advice: str
) -> None:
    error = answered(code, message, status)
    assert type(error) is kind
    assert message.rstrip(".") in str(error)
    assert advice in str(error)
    assert (error.status, error.retry_after_s) == (status, 3.0)


@pytest.mark.parametrize(
    ("original", "kind"), [(None, Transient), (500, Transient), (400, InvalidRequest), (429, RateLimited)]
)
def test_a_models_own_error_is_read_by_its_own_status(original: int | None, kind: type[TeacherError]) -> None:
    more = {} if original is None else {"originalStatusCode": original}
    assert type(answered("ModelErrorException", "the model failed", 424, **more)) is kind


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (botocore.exceptions.NoCredentialsError(), AuthError, "Check the AWS credentials"),
        (botocore.exceptions.UnauthorizedSSOTokenError(), AuthError, "The token has expired"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"), Transient, "Is there Bedrock in r-1"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://x"), Transient, "Read timeout"),
        (botocore.exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), Transient, "1 read"),
        (botocore.exceptions.NoRegionError(), InvalidRequest, "specify a region"),
        (botocore.exceptions.FlexibleChecksumError(error_msg="bad sum"), Malformed, "bad sum"),
        (botocore.exceptions.WaiterError(name="n", reason="r", last_response={}), Transient, "Waiter n failed"),
    ],
)
def test_what_botocore_raises_by_itself(error: Exception, kind: type[TeacherError], advice: str) -> None:
    ours = translate(error, model="m", region="r-1", secrets=())
    assert type(ours) is kind
    assert advice in str(ours)


def test_secrets_are_cut_from_both_messages() -> None:
    error = botocore.exceptions.ConnectionClosedError(endpoint_url="https://x/?key=AKIA0000")
    ours = translate(error, model="m", region="r", secrets=["", "AKIA0000", "other"])
    assert "AKIA0000" not in f"{ours}{error}"
    assert "key=***" in str(ours)
