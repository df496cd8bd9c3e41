"""`flask resumes ...`: commands for those who change the themes."""

import click
from flask.cli import AppGroup

from app.resumes import showcase

resumes = AppGroup("resumes", help="Résumés.")


@resumes.command("previews")
@click.option("--check", is_flag=True, help="Only say which are out of date; fail when there are any.")
def previews(check: bool) -> None:
    """Make the pictures of the themes again, after a change of a theme or of the renderer."""
    if check:
        stale = showcase.stale_pictures()
        if stale:
            raise click.ClickException(f"Out of date: {', '.join(stale)}. Run: flask --app wsgi resumes previews")
        click.echo("The pictures are up to date.")
        return
    for path in showcase.make_pictures():
        click.echo(f"{path} ({path.stat().st_size / 1000:.0f} kB)")
