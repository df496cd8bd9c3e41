"""`flask users ...`: operators' commands on accounts."""

import click
from flask.cli import AppGroup

from app.accounts import service
from app.accounts.errors import EmailTaken
from app.core.unit_of_work import unit_of_work

users = AppGroup("users", help="Accounts.")


@users.command("create-admin")
@click.argument("email")
@click.option("--name", default="Administrator", show_default=True)
@click.password_option()
def create_admin(email: str, name: str, password: str) -> None:
    """Add an admin account; the password is asked for unless given by --password."""
    try:
        with unit_of_work():
            service.create_admin(email, password, name)
    except EmailTaken as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Admin {email} can sign in.")


@users.command("approve")
@click.argument("email")
def approve(email: str) -> None:
    """Approve a recruiter's account."""
    with unit_of_work():
        user = service.find_by_email(email)
        if user is None:
            raise click.ClickException("There is no such user.")
        service.approve_recruiter(None, user.id)
    click.echo(f"Recruiter {email} can sign in.")
