"""`flask ledger ...`, `flask payments ...` and `flask packages ...`: operators' commands on money."""

import click
from babel.numbers import list_currencies
from flask.cli import AppGroup
from sqlalchemy import select

from app.accounts import audit
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger as books
from app.payments import ledger_check, reconciliation_cli
from app.payments.models import GatewayEvent, Package, PackageType, Verdict

ledger = AppGroup("ledger", help="The books.")
payments = AppGroup("payments", help="Payments that need a person.")
packages = AppGroup("packages", help="What is on sale.")

CURRENCY = click.Choice(sorted(list_currencies()), case_sensitive=False)
UNSUSPICIOUS = (Verdict.APPLIED, Verdict.DUPLICATE, Verdict.IGNORED)


@ledger.command("check")
def check() -> None:
    """Prove every balance from the entries; exits with 1 and a line per difference when one is wrong."""
    differences = ledger_check.check()
    for difference in differences:
        click.echo(str(difference))
    if differences:
        raise click.ClickException(f"{len(differences)} difference(s).")
    click.echo("The books are right.")


for command in reconciliation_cli.COMMANDS:
    payments.add_command(command)


@ledger.command("balances")
def show_balances() -> None:
    """The trial balance: what is booked to each account, debit positive; every currency sums to zero."""
    for account, currency, amount in books.balances():
        click.echo(f"{account:<20}  {amount:>18,} {currency}")


@payments.command("flagged")
@click.option("--limit", default=50, show_default=True)
def flagged(limit: int) -> None:
    """The newest gateway events that a person should look at: second payments, wrong amounts, late or forged calls."""
    events = select(GatewayEvent).where(GatewayEvent.verdict.not_in(UNSUSPICIOUS)).order_by(GatewayEvent.id.desc()).limit(limit)
    for event in db.session.scalars(events):
        place = f"transaction {event.transaction_id or '-'}"
        click.echo(f"{event.id:>8}  {event.received_at:%Y-%m-%d %H:%M:%S}  {event.verdict:<14}  {place}  {event.event_id[:80]}  {event.reason or ''}")


@packages.command("list")
def list_packages() -> None:
    """Every package, on sale or not."""
    for package in db.session.scalars(select(Package).order_by(Package.id)):
        state = "on sale" if package.is_active else "retired"
        click.echo(f"{package.id:>6}  {state:<8}  {package.package_type:<12}  {package.price:>14,} {package.currency}  {package.name}")


@packages.command("add")
@click.argument("name")
@click.option("--price", type=click.IntRange(min=1), required=True, help="In the currency's smallest unit.")
@click.option("--currency", type=CURRENCY, default="VND", show_default=True)
@click.option("--type", "package_type", type=click.Choice([kind.value for kind in PackageType]), required=True)
@click.option("--days", type=click.IntRange(min=0), required=True, help="Of membership.")
@click.option("--credits", "job_posting_limit", type=click.IntRange(min=0), default=0, help="Postings that come with it.")
@click.option("--unlimited", is_flag=True, help="Unlimited posting; subscriptions only.")
@click.option("--description", default="")
def add_package(
    name: str, price: int, currency: str, package_type: str, days: int, job_posting_limit: int, unlimited: bool, description: str
) -> None:
    """Put a package on sale."""
    if unlimited and package_type != PackageType.SUBSCRIPTION:
        raise click.UsageError("Only a subscription can allow unlimited posting.")
    with unit_of_work():
        package = Package(
            name=name,
            price=price,
            currency=currency,
            package_type=PackageType(package_type),
            duration_days=days,
            job_posting_limit=job_posting_limit,
            allow_unlimited_posting=unlimited,
            description=description,
        )
        db.session.add(package)
        db.session.flush()
        audit.record("package.added", actor_id=None, subject_type="package", subject_id=package.id, **package.snapshot())
        click.echo(f"Package {package.id} is on sale.")


@packages.command("retire")
@click.argument("package_id", type=int)
def retire(package_id: int) -> None:
    """Take a package off sale; what was bought stays as it was."""
    with unit_of_work():
        package = db.session.get(Package, package_id)
        if package is None:
            raise click.ClickException("There is no such package.")
        package.is_active = False
        audit.record("package.retired", actor_id=None, subject_type="package", subject_id=package.id)
    click.echo(f"Package {package_id} is off sale.")
