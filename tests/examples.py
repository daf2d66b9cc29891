"""One canonical example of each event, and the values that go with them: a failed payment that Stripe reports.

All tests share them, and the golden files in `tests/golden/events` hold their stored form, so an example never changes
once its event has been released. Nothing is random and no clock is read.
"""

import functools
import json
from datetime import UTC, datetime, timedelta

import attrs

from domain import (
    api_keys,
    audiences,
    bulk_operations,
    configurations,
    disabled_targets,
    environments,
    erasures,
    forwarding,
    forwards,
    mappings,
    replays,
    restatements,
    restores,
    retention,
    runs,
    sources,
    variables,
    webhooks,
    workflows,
)
from domain.conditions import Condition
from domain.differences import Totals
from domain.json_values import Json
from domain.settings import Settings
from domain.slices import Slice
from domain.verification import Verdict, Verification
from domain.workflow_steps import Step

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
BEFORE = AT - timedelta(days=7)
LATER = AT + timedelta(minutes=5)

SOURCE = "stripe"
ENVIRONMENT = "production"
TOKEN = "kQ3vT8mYxW2nB6rLz0hDfE5s"
ROTATED_TOKEN = "aH7cJ4pUoN9qV1gXk8wSbM3y"
SIGNING_SECRET = "whsec_example8wLpYdN5cHsFgAe2uKo"

WEBHOOK_ID = "019bc186-de00-7a10-8000-3f1c5e0b9d42"
REJECTED_ID = "019bc186-de00-7a11-8000-6a7e20d4c815"
IDENTIFY_ID = "019b9d7a-b200-7b20-8000-52c8e91f7a36"
TRIGGER_ID = "019b9d7a-b200-7b21-8000-0d94b7f3e6a1"
SECRET_ID = "019b9d7a-b200-7b22-8000-c1e5d80a4f97"
KEY_ID = "019b9d7a-b200-7b23-8000-98f2b6a3d75e"

BODY = json.dumps(
    {
        "id": "evt_1SpqT4LkdIwHu7ix0mZ3rV8c",
        "object": "event",
        "api_version": "2025-12-15.clover",
        "created": 1768478398,
        "type": "invoice.payment_failed",
        "livemode": True,
        "data": {
            "object": {
                "id": "in_1SpqSzLkdIwHu7ixQ4yB2nWd",
                "object": "invoice",
                "amount_due": 4900,
                "attempt_count": 1,
                "currency": "eur",
                "customer": "cus_TnVh5xq8Rk2LmD",
                "customer_email": "zoe.müller@example.com",
                "customer_name": "Zoë Müller",
                "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1032D82eZvKYlo2C/live_YWNjdF8",
                "metadata": {},
                "next_payment_attempt": 1768737598,
                "status": "open",
            }
        },
    },
    ensure_ascii=False,
    indent=2,
).encode()

HEADERS = {
    "accept": "*/*; q=0.5, application/xml",
    "content-type": "application/json; charset=utf-8",
    "host": "hooks.example.com",
    "stripe-signature": "t=1768478400,v1=3658a537f3200f9abde555579f17c51dc82f53b21eef58a35775aa34b07ce800",
    "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}

SETTINGS = Settings(
    event_type_path="body.type",
    timestamp_path="body.created",
    idempotency_key_path="body.id",
    enforce_verification=True,
    verification=Verification(scheme="stripe", options={"tolerance_seconds": 300}),
)

IDENTIFY_PARAMETERS: dict[str, Json] = {
    "id": "body.data.object.customer",
    "email": "body.data.object.customer_email",
    "name": {"paths": ["body.data.object.customer_name", "body.data.object.customer_email"]},
    "properties": {"plan": {"value": "team"}},
}
TRIGGER_PARAMETERS: dict[str, Json] = {
    "key": "payment-failed",
    "recipients": "body.data.object.customer",
    "data": {
        "amount": "body.data.object.amount_due",
        "currency": "body.data.object.currency",
        "invoice_url": "body.data.object.hosted_invoice_url",
    },
    "cancellation_key": {"template": "invoice-{{ body.data.object.id }}"},
}

# Environments, keys, sources


ENVIRONMENT_CREATED = environments.EnvironmentCreated(slug=ENVIRONMENT, name="Production", order=1, created_at=BEFORE)
API_KEY_ISSUED = api_keys.ApiKeyIssued(
    key_id=KEY_ID,
    name="Billing service",
    role="environment",
    environment=ENVIRONMENT,
    digest="b1946ac92492d2347c6235b4d2611184b4f0ab0c9e6c2d1f5a7e803d96c4fb27",
    hint="x4Qk",
    issued_at=BEFORE,
)
API_KEY_REVOKED = api_keys.ApiKeyRevoked(key_id=KEY_ID, revoked_at=AT)
SOURCE_CONNECTED = sources.SourceConnected(
    key=SOURCE,
    name="Stripe",
    description="Payments of the European accounts",
    custom_image_url=None,
    template="stripe",
    template_version="1.0.0",
    connected_at=BEFORE,
)
SOURCE_DESCRIBED = sources.SourceDescribed(
    key=SOURCE,
    name="Stripe Europe",
    description=None,
    custom_image_url="https://example.com/images/stripe.png",
    described_at=AT,
)
SOURCE_ARCHIVED = sources.SourceArchived(key=SOURCE, archived_at=LATER)

# A variable, and the value that it has in production alone


VARIABLE = "ITEM_PREFIX"
VARIABLE_SET = variables.VariableSet(
    key=VARIABLE,
    environment=None,
    type="public",
    text='{"orders": "ord_"}',
    sealed=None,
    description="What the ids of each kind begin with",
    set_at=BEFORE,
)
SECRET_VARIABLE_SET = variables.VariableSet(
    key="CUSTOM_HTTP_SIGNING_SECRET",
    environment=ENVIRONMENT,
    type="secret",
    text=None,
    sealed="q9T2xWmB7cVfRz4KpLs0YdNe8uHaGj3oIvXkQbEwCyMtDrUnZg==",
    description=None,
    set_at=BEFORE,
)
VARIABLE_REMOVED = variables.VariableRemoved(key=VARIABLE, environment=ENVIRONMENT, removed_at=AT)

# The configuration of the source in production


CONFIGURATION_CREATED = configurations.ConfigurationCreated(
    source=SOURCE, environment=ENVIRONMENT, token=TOKEN, settings=SETTINGS, created_at=BEFORE
)
SECRET_ADDED = configurations.SecretAdded(
    secret_id=SECRET_ID,
    name="signing_secret",
    sealed="m5p7Yy2cQkq0T1dRr3bVx8uHnJfLzW6aSg9eKoEiBvC4NtDMhA==",
    hint="2uKo",
    added_at=BEFORE,
)
IDENTIFY_ADDED = configurations.MappingAdded(
    mapping_id=IDENTIFY_ID,
    event_type="invoice.payment_failed",
    action_type="users_identify",
    parameters=IDENTIFY_PARAMETERS,
    active=True,
    added_at=BEFORE,
)
TRIGGER_ADDED = configurations.MappingAdded(
    mapping_id=TRIGGER_ID,
    event_type="invoice.payment_failed",
    action_type="workflows_trigger",
    parameters=TRIGGER_PARAMETERS,
    active=True,
    added_at=BEFORE,
)
SETTINGS_CHANGED = configurations.SettingsChanged(
    settings=Settings(
        enabled=False,
        dialect="legacy",
        event_type_path="body.event",
        idempotency_key_path="body.messageId",
        enforce_idempotency=False,
        idempotency_window_seconds=3_600,
        preprocessor="clerk",
        handle_identifies=True,
    ),
    changed_at=AT,
)
SECRET_RETIRED = configurations.SecretRetired(secret_id=SECRET_ID, expires_at=AT + timedelta(days=1), retired_at=AT)
MAPPING_CHANGED = configurations.MappingChanged(
    mapping_id=TRIGGER_ID,
    event_type="invoice.overdue",
    action_type="workflows_trigger",
    parameters={"key": "invoice-overdue", "recipients": "body.data.object.customer"},
    changed_at=AT,
)
MAPPING_DEACTIVATED = configurations.MappingDeactivated(mapping_id=TRIGGER_ID, deactivated_at=AT)
MAPPING_ACTIVATED = configurations.MappingActivated(mapping_id=TRIGGER_ID, activated_at=LATER)
MAPPING_REMOVED = configurations.MappingRemoved(mapping_id=TRIGGER_ID, removed_at=LATER)
TOKEN_ROTATED = configurations.TokenRotated(token=ROTATED_TOKEN, rotated_at=AT)

# Workflows and audiences


WORKFLOW_DEFINED = workflows.WorkflowDefined(
    environment=ENVIRONMENT, key="payment-failed", name="Payment failed", active=True, defined_at=BEFORE
)
WORKFLOW_CHANGED = workflows.WorkflowChanged(
    environment=ENVIRONMENT, key="payment-failed", name="Payment failed, first notice", changed_at=AT
)
WORKFLOW_DEACTIVATED = workflows.WorkflowDeactivated(environment=ENVIRONMENT, key="payment-failed", deactivated_at=AT)
WORKFLOW_ACTIVATED = workflows.WorkflowActivated(environment=ENVIRONMENT, key="payment-failed", activated_at=LATER)
WORKFLOW_STEPS_CHANGED = workflows.WorkflowStepsChanged(
    environment=ENVIRONMENT,
    key="payment-failed",
    steps=(
        Step(
            ref="wait-a-day",
            type="delay",
            settings={"seconds": 86_400},
            conditions=(Condition(path="data.attempt_count", operator="less_than", value=3),),
        ),
        Step(
            ref="tell-billing",
            type="webhook",
            settings={
                "url": "https://billing.example.com/failed",
                "body": {"invoice": "{{ data.id }}", "attempts": "{{ data.attempt_count }}"},
                "headers": {"authorization": "Bearer {{ vars.BILLING_TOKEN }}"},
                "secret": "BILLING_SIGNING_SECRET",
            },
        ),
        Step(
            ref="tell-customer",
            type="email",
            settings={
                "to": "{{ recipient.email }}",
                "subject": "Your payment failed",
                "text": "Dear {{ recipient.name }}, please check your card.",
            },
            conditions=(Condition(path="recipient.email", operator="not_empty"),),
        ),
    ),
    conditions=(Condition(path="data.livemode", operator="equal_to", value=True),),
    trigger_data_schema={"type": "object", "required": ["id"]},
    changed_at=AT,
)
AUDIENCE_DEFINED = audiences.AudienceDefined(
    environment=ENVIRONMENT,
    key="beta-testers",
    name="Beta testers",
    description="Customers who see new features first",
    defined_at=BEFORE,
)
AUDIENCE_DESCRIBED = audiences.AudienceDescribed(
    environment=ENVIRONMENT, key="beta-testers", name="Early birds", description=None, described_at=AT
)

# A webhook, and what is decided about it


WEBHOOK_RECEIVED = webhooks.WebhookReceived(
    source=SOURCE,
    environment=ENVIRONMENT,
    configuration_version=4,
    received_at=AT,
    method="POST",
    query="",
    remote_address="3.18.12.63",
    headers=HEADERS,
    body=BODY,
    verdict=Verdict(scheme="stripe", status="verified", secret_id=SECRET_ID, skew_seconds=0.25),
    verification_status="enforced:verified",
)
WEBHOOK_REJECTED = webhooks.WebhookRejected(
    source=SOURCE,
    environment=ENVIRONMENT,
    configuration_version=4,
    received_at=AT,
    method="POST",
    query="attempt=2&from=%C3%BC",
    remote_address="2001:db8::7",
    headers={"content-type": "application/json", "authorization": "[redacted]"},
    body=b'{"id":"evt_forged",\n"type":"invoice.paid"}\xff\x00',
    body_bytes=44,
    verdict=Verdict(
        scheme="stripe",
        status="failed",
        reason="signature_missing",
        message="the header stripe-signature is missing",
    ),
    verification_status="enforced:failed",
    reason="signature_missing",
    message="verification failed: the header stripe-signature is missing",
    http_status=401,
)
REPLAY_ID = "019bc186-de00-7a12-8000-b5d2f8037e61"
PIN = webhooks.Pin(environment=ENVIRONMENT, version=7, draft=REPLAY_ID)
WEBHOOK_RELEASED = webhooks.WebhookReleased(
    source=SOURCE,
    environment=ENVIRONMENT,
    received_at=AT,
    pin=attrs.evolve(PIN, draft=None),
    verdict=Verdict(scheme="stripe", status="verified", secret_id=SECRET_ID, skew_seconds=0.25),
    verification_status="enforced:verified",
    script=None,
    reason="the secret had a typing error",
    replay_id=REPLAY_ID,
    released_at=LATER,
)
EVALUATION_REQUESTED = webhooks.EvaluationRequested(
    evaluation=2,
    source=SOURCE,
    environment=ENVIRONMENT,
    received_at=AT,
    pin=PIN,
    mappings=(TRIGGER_ID,),
    force=False,
    reason="customers were not told",
    replay_id=REPLAY_ID,
    requested_at=LATER,
)
WEBHOOK_CLASSIFIED = webhooks.WebhookClassified(
    evaluation=1,
    event_type="invoice.payment_failed",
    event_type_path="body.type",
    occurred_at=AT - timedelta(seconds=2),
    preprocess_output={},
)
CLASSIFICATION_FAILED = webhooks.ClassificationFailed(
    evaluation=2,
    event_type_path="body.typ",
    reason="event_type_unresolved",
    message="the event type path body.typ leads to nothing in this webhook; the nearest that exists is body.type",
    nearest="body.type",
    occurred_at=None,
    preprocess_output={"name": "Zoë Müller"},
)
IDEMPOTENCY_DECIDED = webhooks.IdempotencyDecided(
    evaluation=1,
    outcome="executed",
    key="evt_1SpqT4LkdIwHu7ix0mZ3rV8c",
    path="body.id",
    body_digest="43268b000f61414f675ee54d9cdabfa9",
)
ACTION_EXECUTED = webhooks.ActionExecuted(
    evaluation=1,
    mapping_id=TRIGGER_ID,
    source=SOURCE,
    environment=ENVIRONMENT,
    event_type="invoice.payment_failed",
    action_type="workflows_trigger",
    parameters=TRIGGER_PARAMETERS,
    payload={
        "key": "payment-failed",
        "recipients": [{"collection": "$users", "id": "cus_TnVh5xq8Rk2LmD"}],
        "data": {
            "amount": 4900,
            "currency": "eur",
            "invoice_url": "https://invoice.stripe.com/i/acct_1032D82eZvKYlo2C/live_YWNjdF8",
        },
        "cancellation_key": "invoice-in_1SpqSzLkdIwHu7ixQ4yB2nWd",
    },
    origins={
        "key": {"constant": True},
        "recipients": {"path": "body.data.object.customer"},
        "data": {
            "amount": {"path": "body.data.object.amount_due"},
            "currency": {"path": "body.data.object.currency"},
            "invoice_url": {"path": "body.data.object.hosted_invoice_url"},
        },
        "cancellation_key": {
            "template": "invoice-{{ body.data.object.id }}",
            "paths": ["body.data.object.id"],
        },
    },
    result={
        "id": "6394b2f4-33f7-8543-a6b9-122eeeafa123",
        "recipients": [{"collection": "$users", "id": "cus_TnVh5xq8Rk2LmD"}],
    },
    executed_at=AT,
)
ACTION_SKIPPED = webhooks.ActionSkipped(
    evaluation=2,
    mapping_id=IDENTIFY_ID,
    source=SOURCE,
    environment=ENVIRONMENT,
    event_type="invoice.payment_failed",
    action_type="users_identify",
    parameters={"id": "body.data.object.custmer", "name": "body.data.object.customer_name"},
    payload={},
    origins={},
    error=webhooks.ActionError(
        code="required_field_missing",
        message="id is required, but body.data.object.custmer leads to nothing in this webhook; "
        "the nearest that exists is body.data.object.customer",
        field="id",
        path="body.data.object.custmer",
        nearest="body.data.object.customer",
    ),
)
ACTION_FAILED = webhooks.ActionFailed(
    evaluation=2,
    mapping_id=TRIGGER_ID,
    source=SOURCE,
    environment=ENVIRONMENT,
    event_type="invoice.payment_failed",
    action_type="workflows_trigger",
    parameters={"key": "payment-failed", "recipients": "body.data.object.customer"},
    payload={
        "key": "payment-failed",
        "recipients": [{"collection": "$users", "id": "cus_TnVh5xq8Rk2LmD"}],
    },
    origins={"key": {"constant": True}, "recipients": {"path": "body.data.object.customer"}},
    error=webhooks.ActionError(
        code="workflow_inactive",
        message="workflow 'payment-failed' is not active; activate it to start runs",
        field="key",
    ),
)
EVALUATION_FAILED = webhooks.EvaluationFailed(evaluation=1, error="RecursionError: maximum recursion depth exceeded")
WEBHOOK_PROCESSED = webhooks.WebhookProcessed(
    evaluation=1,
    source=SOURCE,
    environment=ENVIRONMENT,
    event_type="invoice.payment_failed",
    received_at=AT,
    outcome="executed",
    actions_count=2,
)
RUN_STARTED = runs.RunStarted(
    run_id="ee42c8f1-523b-81d4-aacf-1bcaea3d8c6b",
    workflow_run_id="6394b2f4-33f7-8543-a6b9-122eeeafa123",
    environment=ENVIRONMENT,
    workflow="payment-failed",
    recipient={"collection": "$users", "id": "cus_TnVh5xq8Rk2LmD"},
    actor=None,
    tenant=None,
    cancellation_key="invoice-in_1SpqSzLkdIwHu7ixQ4yB2nWd",
    webhook_id=WEBHOOK_ID,
    mapping_id=TRIGGER_ID,
    evaluation=1,
    started_at=AT,
)
RUN_CANCELLED = runs.RunCancelled(
    run_id=RUN_STARTED.run_id, environment=ENVIRONMENT, webhook_id=REJECTED_ID, cancelled_at=LATER
)
RESTORE_ACCEPTED = restores.RestoreAccepted(
    reason="disk failure", position=61, back_to=3, given_up=6, lost_position=60, accepted_at=LATER
)
STEP_SKIPPED = runs.StepSkipped(run_id=RUN_STARTED.run_id, environment=ENVIRONMENT, step="wait-a-day", skipped_at=AT)
RUN_PAUSED = runs.RunPaused(
    run_id=RUN_STARTED.run_id, environment=ENVIRONMENT, step="wait-a-day", until=LATER, paused_at=AT
)
DELIVERY_PREPARED = runs.DeliveryPrepared(
    run_id=RUN_STARTED.run_id,
    environment=ENVIRONMENT,
    step="tell-billing",
    delivery_id="a06c9e70-0a04-8b3c-a5f4-7f0a3c1e59d2",
    type="webhook",
    target="https://billing.example.com:443",
    content={"url": "https://billing.example.com/failed", "body": {"invoice": "in_1SpqSzLkdIwHu7ixQ4yB2nWd"}},
    prepared_at=AT,
)
DELIVERY_ATTEMPTED = runs.DeliveryAttempted(
    run_id=RUN_STARTED.run_id,
    environment=ENVIRONMENT,
    step="tell-billing",
    delivery_id=DELIVERY_PREPARED.delivery_id,
    request_id="019bc187-1a40-7c55-8000-6d2f0e9b7a31",
    target=DELIVERY_PREPARED.target,
    attempt=1,
    outcome="failed",
    status=503,
    code="busy",
    message="the target answered 503: it is to be tried later",
    milliseconds=131,
    answer="Back in a minute",
    retry_at=LATER,
    attempted_at=AT,
)
RUN_COMPLETED = runs.RunCompleted(run_id=RUN_STARTED.run_id, environment=ENVIRONMENT, completed_at=LATER)
RUN_FAILED = runs.RunFailed(
    run_id=RUN_STARTED.run_id,
    environment=ENVIRONMENT,
    step="tell-billing",
    code="gone",
    message="the target answered 410: it is gone for good, and nothing more is sent to it",
    failed_at=LATER,
)
RUN_RETRIED = runs.RunRetried(
    run_id=RUN_STARTED.run_id,
    environment=ENVIRONMENT,
    refreshed=False,
    target=DELIVERY_PREPARED.target,
    retried_at=LATER,
)
TARGET_DISABLED = disabled_targets.TargetDisabled(
    environment=ENVIRONMENT,
    url="https://billing.example.com/failed",
    run_id=RUN_STARTED.run_id,
    request_id=DELIVERY_ATTEMPTED.request_id,
    disabled_at=AT,
)
TARGET_ENABLED = disabled_targets.TargetEnabled(environment=ENVIRONMENT, url=TARGET_DISABLED.url, enabled_at=LATER)
BULK_OPERATION_STARTED = bulk_operations.BulkOperationStarted(
    operation_id="019bc186-de00-7a12-8000-b8c2f04d1e67",
    environment=ENVIRONMENT,
    name="objects.bulk.set",
    items=(
        bulk_operations.BulkItem(id="plan-team", collection="plans", webhook_id=WEBHOOK_ID),
        bulk_operations.BulkItem(id="objects[1]", collection="plans", problem="id is missing; the item needs one"),
    ),
    started_at=AT,
)
RETENTION_CHANGED = environments.RetentionChanged(slug=ENVIRONMENT, payload_days=90, changed_at=AT)
ERASURE_ID = "019bc186-de00-7a13-8000-5d20c9ae7f18"
ERASED_STREAMS = (f"run-{RUN_STARTED.run_id}", f"webhook-{WEBHOOK_ID}")
ERASURE_REQUESTED = erasures.ErasureRequested(
    erasure_id=ERASURE_ID,
    environment=ENVIRONMENT,
    kind="user",
    subject="mYq0hV6cT2wPzJ8nR4sK1xBfLdU7aE5g",
    reason="request 17 of 12 January",
    searched=1,
    requested_at=AT,
)
ERASURE_COMPLETED = erasures.ErasureCompleted(
    erasure_id=ERASURE_ID,
    environment=ENVIRONMENT,
    streams=ERASED_STREAMS,
    digest=erasures.digest_of(ERASED_STREAMS),
    webhooks=1,
    runs=1,
    restated=1,
    ended=0,
    completed_at=AT,
)
PAYLOADS_PRUNED = retention.PayloadsPruned(
    environment=ENVIRONMENT, streams=ERASED_STREAMS, upto=4711, before=BEFORE, restated=1, pruned_at=AT
)
ENTITY_RESTATED = restatements.EntityRestated(
    environment=ENVIRONMENT,
    because=erasures.stream(ERASURE_ID),
    restated_at=AT,
    collection="$users",
    id="cus_Q8mWd4Tz1LrXyK",
    described=restatements.Described(properties={"name": "Ines Blöm"}, created_at=BEFORE, updated_at=AT),
    following=(
        restatements.Followed(
            collection="plans", id="team", properties={"role": "owner"}, inserted_at=BEFORE, updated_at=BEFORE
        ),
    ),
    memberships=(restatements.Membership(audience="beta", tenant="acme", added_at=BEFORE),),
    applied_at=BEFORE,
)
AUDIENCE_RESTATED = restatements.AudienceRestated(
    environment=ENVIRONMENT, key="beta", name="beta", description=None, created_at=BEFORE, updated_at=BEFORE
)

FORWARDING_SET = forwarding.ForwardingSet(
    environment=ENVIRONMENT,
    base_url="https://api.knock.app",
    sealed="hT4nYb8QmWcZr2KsLx7VdPe0uJaGf9oIvXkRqEwByMtCgUnDzw==",
    hint="9dQe",
    set_at=BEFORE,
)
FORWARDING_REMOVED = forwarding.ForwardingRemoved(environment=ENVIRONMENT, removed_at=LATER)
FORWARD_STARTED = forwards.ForwardStarted(
    forward_id="4e80c9ab-5ffc-8a6a-a1d1-ac0d9cf9f6a4",
    environment=ENVIRONMENT,
    webhook_id=WEBHOOK_ID,
    mapping_id=TRIGGER_ID,
    evaluation=1,
    action_type="workflows_trigger",
    place=forwards.Place(position=4_711, number=3, touches=("d2e9a0bc3f1745c8", "07b6f85e91ac3d24")),
    started_at=AT,
)
FORWARD_ATTEMPTED = forwards.ForwardAttempted(
    forward_id=FORWARD_STARTED.forward_id,
    environment=ENVIRONMENT,
    call=0,
    calls=1,
    operation="workflows.trigger",
    base_url="https://api.knock.app",
    idempotency_key="b3f4ab1c-70de-8d18-a92f-5f1b2f4f4b7e",
    request_id="019bc187-1a41-7d02-8000-a81c5e6f2b90",
    attempt=1,
    outcome="failed",
    status=429,
    code="busy",
    message="the target answered 429: it is to be tried later",
    milliseconds=87,
    answer='{"code":"rate_limited","message":"Slow down","status":429,"type":"api_error"}',
    retry_at=LATER,
    attempted_at=AT,
)
FORWARD_COMPLETED = forwards.ForwardCompleted(
    forward_id=FORWARD_STARTED.forward_id, environment=ENVIRONMENT, completed_at=LATER
)
FORWARD_FAILED = forwards.ForwardFailed(
    forward_id=FORWARD_STARTED.forward_id,
    environment=ENVIRONMENT,
    code="workflow_missing",
    message="the account answered 404, which trying again would not change",
    failed_at=LATER,
)
FORWARD_RETRIED = forwards.ForwardRetried(
    forward_id=FORWARD_STARTED.forward_id, environment=ENVIRONMENT, place=FORWARD_STARTED.place, retried_at=LATER
)
FORWARD_CANCELLED = forwards.ForwardCancelled(
    forward_id=FORWARD_STARTED.forward_id, environment=ENVIRONMENT, cancelled_at=LATER
)
REPLAY_REQUESTED = replays.ReplayRequested(
    replay_id=REPLAY_ID,
    source=SOURCE,
    environment=ENVIRONMENT,
    mode="what_if",
    wanted="draft",
    pin=PIN,
    slice=Slice(starting_at=BEFORE, event_types=("invoice.payment_failed",), outcomes=("failed",), limit=500),
    mappings=(TRIGGER_ID,),
    reason=None,
    force=False,
    per_second=200,
    requested_at=AT,
)
REPLAY_STARTED = replays.ReplayStarted(replay_id=REPLAY_ID, total=480, started_at=AT)
REPLAY_PROGRESSED = replays.ReplayProgressed(
    replay_id=REPLAY_ID,
    totals=Totals(evaluated=478, unchanged=400, changed=78, actions_added=78, errors_removed=78, not_evaluable=2),
    progressed_at=AT + timedelta(seconds=1),
)
REPLAY_APPLY_REQUESTED = replays.ReplayApplyRequested(
    replay_id=REPLAY_ID, reason="customers were not told", force=False, per_second=50, requested_at=LATER
)
REPLAY_APPLIED = replays.ReplayApplied(replay_id=REPLAY_ID, applied=77, passed_over=1, applied_at=LATER)
REPLAY_COMPLETED = replays.ReplayCompleted(replay_id=REPLAY_ID, completed_at=LATER)
REPLAY_CANCELLED = replays.ReplayCancelled(replay_id=REPLAY_ID, cancelled_at=LATER)
REPLAY_FAILED = replays.ReplayFailed(replay_id=REPLAY_ID, error="KeyError: 'collection'", failed_at=LATER)

EVENTS: dict[str, object] = {
    type(event).__name__: event
    for event in (
        ENVIRONMENT_CREATED,
        API_KEY_ISSUED,
        API_KEY_REVOKED,
        SOURCE_CONNECTED,
        SOURCE_DESCRIBED,
        SOURCE_ARCHIVED,
        SECRET_VARIABLE_SET,
        VARIABLE_REMOVED,
        CONFIGURATION_CREATED,
        SETTINGS_CHANGED,
        SECRET_ADDED,
        SECRET_RETIRED,
        TRIGGER_ADDED,
        MAPPING_CHANGED,
        MAPPING_ACTIVATED,
        MAPPING_DEACTIVATED,
        MAPPING_REMOVED,
        TOKEN_ROTATED,
        WORKFLOW_DEFINED,
        WORKFLOW_CHANGED,
        WORKFLOW_ACTIVATED,
        WORKFLOW_DEACTIVATED,
        WORKFLOW_STEPS_CHANGED,
        AUDIENCE_DEFINED,
        AUDIENCE_DESCRIBED,
        WEBHOOK_RECEIVED,
        WEBHOOK_REJECTED,
        WEBHOOK_CLASSIFIED,
        CLASSIFICATION_FAILED,
        IDEMPOTENCY_DECIDED,
        ACTION_EXECUTED,
        ACTION_SKIPPED,
        ACTION_FAILED,
        EVALUATION_FAILED,
        WEBHOOK_PROCESSED,
        BULK_OPERATION_STARTED,
        RUN_STARTED,
        STEP_SKIPPED,
        RUN_PAUSED,
        DELIVERY_PREPARED,
        DELIVERY_ATTEMPTED,
        RUN_COMPLETED,
        RUN_FAILED,
        RUN_RETRIED,
        RUN_CANCELLED,
        TARGET_DISABLED,
        TARGET_ENABLED,
        FORWARDING_SET,
        FORWARDING_REMOVED,
        FORWARD_STARTED,
        FORWARD_ATTEMPTED,
        FORWARD_COMPLETED,
        FORWARD_FAILED,
        FORWARD_RETRIED,
        FORWARD_CANCELLED,
        RESTORE_ACCEPTED,
        WEBHOOK_RELEASED,
        EVALUATION_REQUESTED,
        REPLAY_REQUESTED,
        REPLAY_STARTED,
        REPLAY_PROGRESSED,
        REPLAY_APPLY_REQUESTED,
        REPLAY_APPLIED,
        REPLAY_COMPLETED,
        REPLAY_CANCELLED,
        REPLAY_FAILED,
        RETENTION_CHANGED,
        ENTITY_RESTATED,
        AUDIENCE_RESTATED,
        ERASURE_REQUESTED,
        ERASURE_COMPLETED,
        PAYLOADS_PRUNED,
    )
}
"""One of each event, by name."""


def _configuration(*events: configurations.Event) -> configurations.Configuration:
    state = functools.reduce(configurations.evolve, events, None)
    assert state is not None
    return state


CONFIGURATION = _configuration(CONFIGURATION_CREATED, SECRET_ADDED, IDENTIFY_ADDED, TRIGGER_ADDED)
"""The configuration that judged the webhook: version 4, with two mappings."""

MAPPING: mappings.Mapping = CONFIGURATION.mappings[1]
"""The mapping that triggers the workflow."""

WEBHOOK = webhooks.Webhook(id=WEBHOOK_ID, received=WEBHOOK_RECEIVED, body=json.loads(BODY))
"""The webhook as its first evaluation reads it."""
