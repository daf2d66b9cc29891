"""`hookledger audit`: prove that the log is as it was sealed, check receipts, export proofs, accept a restore."""

import re
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import attrs
import click
from rich.console import Console
from rich.progress import Progress

from application.proving import LIMITS, Proof
from infrastructure import composition
from interfaces.cli import accounting, progressing
from interfaces.cli.databases import reachable

HEADER = re.compile(r'(?P<position>\d+)(?:;events=(?P<events>\d+))?;digest="(?P<digest>[0-9a-f]+)"')


@click.group()
def audit() -> None:
    """Prove what happened: that nothing was altered, and what became of everything."""


@audit.command()
def key() -> None:
    """Show the public key that checkpoints are signed with, and its id."""
    signer = composition.sealing.key(composition.load_settings())
    click.echo(f"{signer.public_key}  Ed25519, key id {signer.key_id}")


@audit.command()
@click.option("--checkpoints", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of them.")
@click.option("--from", "first", type=click.IntRange(min=1), default=1, help="The first position that matters.")
@click.option("--to", "last", type=click.IntRange(min=1), help="The last position that matters.")
def verify(checkpoints: Path | None, first: int, last: int | None) -> None:
    """Verify the log against its checkpoints in the database and outside.

    By default those outside are in the file that the settings name; give a copy that was kept elsewhere with
    --checkpoints. Exits with 1 when anything is not as it was sealed.
    """
    with reachable() as shared, Progress(console=Console(stderr=True), transient=True) as bar:
        parts = composition.sealing.seals(shared)
        outside = attrs.evolve(parts.outside, path=checkpoints, place=None) if checkpoints else parts.outside
        proof = composition.sealing.proving(parts).prove(
            outside,
            first=first,
            last=last,
            progress=progressing.reporter(bar, "verifying"),
        )
    _tell(proof)
    if not proof.sound:
        raise SystemExit(1)


def _tell(proof: Proof) -> None:
    for finding in proof.findings:
        click.echo(f"WRONG: {finding.words}")
    if proof.omitted:
        click.echo(f"WRONG: and {proof.omitted} more of these kinds")
    for note in proof.notes:
        click.echo(f"Note: {note}")
    verdict = "as they were sealed" if proof.sound else "looked at; NOT all is as it was sealed"
    click.echo(
        f"{proof.events} events under {proof.checkpoints} checkpoints, up to position {proof.sealed_upto}: {verdict}."
    )
    click.echo(
        f"Checkpoints outside the database reach to position {proof.outside_upto}; the log ends at {proof.head}."
    )
    if proof.unsealed:
        click.echo(f"{proof.unsealed} events after the last checkpoint are not sealed yet.")
    click.echo("What this cannot show:")
    for limit in LIMITS:
        click.echo(f"  - {limit}")


@audit.command()
@click.argument("position")
@click.argument("digest", required=False)
@click.option("--events", type=click.IntRange(min=1), default=1, help="The number in the receipt, if there is one.")
def receipt(position: str, digest: str | None, events: int) -> None:
    """Say whether the log holds exactly what was accepted: POSITION and DIGEST, or the whole Hookledger-Receipt.

    Exits with 1 when it does not.
    """
    whole = HEADER.fullmatch(position)
    if whole is not None and digest is None:
        position, events, digest = whole["position"], int(whole["events"] or 1), whole["digest"]
    if not (position.isascii() and position.isdigit() and len(position) < 20) or digest is None:
        raise click.UsageError("give a position and a digest, or a whole receipt such as '42;digest=\"9f86…\"'")
    with reachable() as shared:
        checked = composition.sealing.auditing(shared).receipts.check(int(position), digest, events=events)
    click.echo(f"{'Held' if checked.held else 'NOT HELD'}: {checked.words}.")
    for where, stream, version, topic in checked.events:
        click.echo(f"  {where}: {topic}, version {version} of {stream}")
    if checked.outside:
        click.echo(f"That checkpoint is also outside the database: {', '.join(checked.outside)}.")
    if not checked.held:
        raise SystemExit(1)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
def export(file: Path) -> None:
    """Write checkpoints and all events as they are stored into FILE, for verifier/hookledger_verify.py; - is stdout."""
    target = nullcontext(sys.stdout.buffer) if str(file) == "-" else file.open("wb")
    with reachable() as shared, Progress(console=Console(stderr=True), transient=True) as bar, target as opened:
        count = composition.sealing.export(shared).write(
            opened,
            at=datetime.now(UTC),
            progress=progressing.reporter(bar, "exporting"),
        )
    click.echo(f"{count} events exported.", err=True)


@audit.command()
@click.option("--reason", required=True, help="Why the log was restored; it is put on record.")
@click.confirmation_option("--yes", prompt="Nothing that was given up can be proved any more. Go on?")
def accept_restore(reason: str) -> None:
    """Accept that the log was restored from an older backup, so that the worker runs again."""
    with reachable() as shared:
        accepted = composition.sealing.restoring(shared).accept(reason=reason)
    click.echo(
        f"The log goes on from position {accepted.position}; checkpoints {accepted.back_to + 1} to {accepted.given_up} "
        f"were given up. New positions begin after {accepted.lost_position}."
    )


@audit.command()
@click.argument("role")
def restrict(role: str) -> None:
    """Let a database ROLE run `api` and `worker` without any right to change events or checkpoints.

    Connect as the owner of the tables; repeat it after every migrate and every rebuild of projections.
    """
    with reachable() as shared:
        composition.sealing.restrict(shared, role)
    click.echo(f"{role} may read and append, and change nothing that is on record.")


audit.add_command(accounting.accounting)

COMMANDS = [audit]
