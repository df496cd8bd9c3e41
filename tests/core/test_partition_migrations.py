"""Alembic and the months: it never proposes to drop one, and every upgrade makes those ahead."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from apiflask import APIFlask
from click.testing import Result
from flask_migrate import check, upgrade
from sqlalchemy import text

from app.core.clock import now
from app.core.partition_leaving import Stage
from app.core.partition_retention import retire
from app.core.partitions import MONTHS_AHEAD, PARTITIONED, Month, list_partitions
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.months import add_past, past


def test_autogenerate_proposes_nothing_whether_months_are_attached_detached_or_gone(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        with unit_of_work():
            add_past(3)
        retire(past(3).name("messages"), Stage.DROPPED)
        retire(past(2).name("messages"), Stage.DETACHED)

        # It ends the process when it would propose anything.
        refused = exit_code(lambda: check(directory=str(committed_app.extensions["migrate"].directory)))

    assert refused is None


def exit_code(call: Callable[[], None]) -> object:
    """With what the call ends the process, or None when it returns."""
    try:
        call()
    except SystemExit as end:
        return end.code
    return None


def test_without_the_filter_it_would_propose_to_drop_every_month(app: APIFlask) -> None:
    proposed = compare_metadata(MigrationContext.configure(db.session.connection()), db.metadata)

    dropped = {operation[1].name for operation in proposed if operation[0] == "remove_table"}
    assert {name for table in PARTITIONED for name in list_partitions(table)} <= dropped


def test_an_upgrade_with_nothing_to_migrate_makes_the_months_ahead(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        with unit_of_work():
            for name in [*list_partitions("messages")[2:], *list_partitions("notifications")]:
                db.session.execute(text(f"DROP TABLE {name}"))

        upgrade(directory=str(committed_app.extensions["migrate"].directory))

        expected = [Month.of(now()).plus(number) for number in range(MONTHS_AHEAD + 1)]
        assert {table: list_partitions(table) for table in PARTITIONED} == {table: [month.name(table) for month in expected] for table in PARTITIONED}


def run(app: APIFlask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["partitions", *arguments])


def test_an_operator_makes_lists_and_retires_months(committed_app: APIFlask) -> None:
    oldest, next_oldest = past(2).name("messages"), past(1).name("messages")

    made = run(committed_app, "create", "--since", f"{past(2).start:%Y-%m}")
    again = run(committed_app, "create")
    detached = run(committed_app, "detach", oldest)
    dropped = run(committed_app, "drop", oldest)
    archived = run(committed_app, "archive", next_oldest)
    listed = [" ".join(line.split()) for line in run(committed_app, "list").output.splitlines()]

    assert made.output.split() == [past(number).name(table) for table in PARTITIONED for number in (2, 1)]
    assert again.output == "Every month is there.\n"
    assert detached.output.splitlines()[-1] == f"{oldest}: DETACHED"
    assert dropped.output.splitlines()[-1] == f"{oldest}: DROPPED"
    assert archived.output.splitlines()[-1] == f"{next_oldest}: ARCHIVED"
    assert f"{oldest} DROPPED 0 rows 0 bytes in 0 archived parts" in listed
    assert f"{past(2).name('notifications')} attached about 0 rows 24 kB" in listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["detach", "users"], "is not like messages_p2026_01"),
        (["drop", "messages_p2020_13"], "is not like messages_p2026_01"),
        (["drop", "messages_p2020_01"], "messages_p2020_01 is no month of messages."),
        (["create", "--since", "January"], "does not match the format"),
    ],
)
def test_a_slip_of_an_operator_is_explained_and_changes_nothing(committed_app: APIFlask, arguments: list[str], message: str) -> None:
    refused = run(committed_app, *arguments)

    assert refused.exit_code != 0
    assert message in refused.output


def test_a_month_that_left_is_not_made_again(committed_app: APIFlask) -> None:
    run(committed_app, "create", "--since", f"{past(1).start:%Y-%m}")
    run(committed_app, "drop", past(1).name("messages"))

    refused = run(committed_app, "create", "--since", f"{past(1).start:%Y-%m}")

    assert refused.exit_code == 1
    assert f"{past(1).name('messages')}: left already" in refused.output
