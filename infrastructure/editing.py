"""What takes edits, put together for the composition root: of sources, variables, workflows; and trials of scripts."""

import time

from application.catalogue import Catalogue
from application.forwarding_edits import ForwardingEdits
from application.managing import Managing
from application.ports import EventStore, Scripts, Vault
from application.secret_edits import SecretEdits
from application.source_edits import SourceEdits
from application.templates import Templates
from application.trying_scripts import TryingScripts
from application.variable_edits import VariableEdits
from application.workflow_edits import WorkflowEdits
from infrastructure import bodies, clocks, identifiers, schemas
from infrastructure.delivering import Outgoing
from infrastructure.signatures import schemes


def managing(
    *,
    store: EventStore,
    catalogue: Catalogue,
    templates: Templates,
    scripts: Scripts,
    vault: Vault,
    outgoing: Outgoing,
) -> Managing:
    """The use cases of management."""
    return Managing(
        store=store,
        catalogue=catalogue,
        edits=SourceEdits(
            templates=templates,
            schemes=schemes,
            scripts=scripts,
            secrets=SecretEdits(schemes=schemes, vault=vault, new_id=identifiers.new_id),
            new_id=identifiers.new_id,
            new_token=identifiers.new_token,
        ),
        variable_edits=VariableEdits(vault=vault),
        workflow_edits=workflow_edits(outgoing),
        forwarding_edits=ForwardingEdits(sender=outgoing.sender, vault=vault),
        clock=clocks.system,
        new_id=identifiers.new_id,
        new_key=identifiers.new_key,
    )


def workflow_edits(outgoing: Outgoing) -> WorkflowEdits:
    """What reads and checks the definitions of workflows."""
    return WorkflowEdits(renderer=outgoing.renderer, sender=outgoing.sender, require_schema=schemas.require)


def trying_scripts(catalogue: Catalogue, scripts: Scripts) -> TryingScripts:
    """The use case of those who write scripts."""
    return TryingScripts(
        catalogue=catalogue, engine=scripts, dumps=bodies.dumps, clock=clocks.system, timer=time.perf_counter
    )
