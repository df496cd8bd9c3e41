"""The books: what the database refuses, what the check finds, credits by admins and postings."""

from collections.abc import Callable

import psycopg
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.accounts.models import AuditEntry, User
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import inbox, ledger, ledger_check, service, settlement
from app.payments.inbox import Message
from app.payments.ledger import CREDIT, Account, Entry, Kind, LedgerEntry, LedgerGroup
from app.payments.models import CreditGrant, Outcome, Provider, Transaction
from tests.conftest import plain
from tests.factories import AdminFactory, CandidateFactory, RecruiterFactory
from tests.payments.builders import add_package, buy, buyer, pay
from tests.plans import plans_of

SignIn = Callable[[User], FlaskClient]


def paid_event(transaction: Transaction) -> int:
    """The committed event that the transaction was paid; its row id."""
    message = Message(Provider.VNPAY, {})
    row_id = inbox.accept(message, f"paid:{transaction.id}", transaction_id=transaction.id, outcome=Outcome.SUCCEEDED, transaction_no="1")
    db.session.commit()
    assert row_id is not None
    return row_id


def connect(app: APIFlask) -> psycopg.Connection:
    return psycopg.connect(plain(app.config["SQLALCHEMY_DATABASE_URI"]))


def test_a_balanced_group_is_booked_once_per_cause(app: APIFlask) -> None:
    entries = ledger.transfer(Account.GATEWAY_RECEIVABLE, Account.REVENUE_DEFERRED, 500, "VND")
    ledger.book("transaction:1", Kind.SETTLEMENT, entries)

    with pytest.raises(IntegrityError), db.session.begin_nested():
        ledger.book("transaction:1", Kind.SETTLEMENT, entries)

    assert db.session.execute(select(LedgerEntry.account, LedgerEntry.amount).order_by(LedgerEntry.id)).all() == [
        (Account.GATEWAY_RECEIVABLE, 500),
        (Account.REVENUE_DEFERRED, -500),
    ]


def test_an_unbalanced_group_is_a_bug(app: APIFlask) -> None:
    with pytest.raises(ValueError, match="do not sum to zero"):
        ledger.book("transaction:1", Kind.SETTLEMENT, [Entry(Account.REVENUE, 500, "VND"), Entry(Account.REFUNDS, -500, CREDIT)])


def test_the_database_refuses_an_unbalanced_group_at_commit(committed_app: APIFlask) -> None:
    insert = "INSERT INTO ledger_entries (group_id, account, amount, currency) VALUES (%s, %s, %s, %s)"
    with connect(committed_app) as connection:
        group = connection.execute("INSERT INTO ledger_groups (source, kind) VALUES ('test:1', 'grant') RETURNING id").fetchone()[0]  # type: ignore[index]
        connection.execute(insert, [group, "revenue", 500, "VND"])
        connection.execute(insert, [group, "refunds", -500, "USD"])

        with pytest.raises(psycopg.errors.CheckViolation, match=f"ledger group {group} does not sum to zero"):
            connection.commit()

        assert connection.execute("SELECT count(*) FROM ledger_groups").fetchone() == (0,)


@pytest.mark.parametrize("table", ["ledger_groups", "ledger_entries"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_ledger_is_append_only(app: APIFlask, table: str, statement: str) -> None:
    ledger.book("transaction:1", Kind.SETTLEMENT, ledger.transfer(Account.REVENUE, Account.REFUNDS, 1, "VND"))

    with pytest.raises(DatabaseError, match="are never changed or removed"), db.session.begin_nested():
        db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        db.session.execute(text(statement.format(table)))

    assert len(db.session.scalars(select(LedgerGroup)).all()) == 1


def test_nothing_is_added_to_an_earlier_group(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        ledger.book("transaction:1", Kind.SETTLEMENT, ledger.transfer(Account.GATEWAY_RECEIVABLE, Account.REVENUE_DEFERRED, 5, "VND"))
    with connect(committed_app) as connection:
        group = connection.execute("SELECT id FROM ledger_groups").fetchone()[0]  # type: ignore[index]
        for account, amount in (("revenue_deferred", 5), ("revenue", -5)):
            insert = "INSERT INTO ledger_entries (group_id, account, amount, currency) VALUES (%s, %s, %s, 'VND')"
            connection.execute(insert, [group, account, amount])

        with pytest.raises(psycopg.errors.CheckViolation, match=f"ledger group {group} is closed"):
            connection.commit()

        assert connection.execute("SELECT count(*) FROM ledger_entries").fetchone() == (2,)


def test_what_is_settled_during_the_check_is_no_difference(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user, package = buyer(), add_package()
        waiting = [paid_event(buy(user, package)) for _ in range(30)]
        being_settled: list[int] = []

        def settle_one(*_: object) -> None:
            """Before each statement of the check another payment is granted, which executes statements itself."""
            if not being_settled:
                being_settled.append(waiting.pop())
                with committed_app.app_context(), unit_of_work():
                    settlement.apply_events([being_settled[0]])
                being_settled.clear()

        event.listen(db.engine, "before_cursor_execute", settle_one)
        try:
            found = ledger_check.check()
        finally:
            event.remove(db.engine, "before_cursor_execute", settle_one)

        assert found == []
        assert len(waiting) < 25


def test_an_entry_needs_a_known_account_and_an_amount(app: APIFlask) -> None:
    ledger.book("transaction:1", Kind.SETTLEMENT, ledger.transfer(Account.REVENUE, Account.REFUNDS, 1, "VND"))
    group_id = db.session.scalar(select(LedgerGroup.id))

    for account, amount in (("pocket", 5), ("revenue", 0)):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            statement = text("INSERT INTO ledger_entries (group_id, account, amount, currency) VALUES (:group_id, :account, :amount, 'VND')")
            db.session.execute(statement, {"group_id": group_id, "account": account, "amount": amount})


def test_the_chart_of_accounts_is_the_codes(app: APIFlask) -> None:
    assert set(db.session.scalars(select(ledger.LedgerAccount.code))) == {account.value for account in Account}


def test_credits_granted_and_used_make_the_balance(app: APIFlask) -> None:
    user = buyer()
    service.grant_credits(user.id, 5, "Chào mừng", actor_id=None)
    user.job_posting_credits -= 2
    service.record_posting(user.id, job_id=7, credits=2)
    service.record_posting(user.id, job_id=8, credits=0)
    db.session.flush()

    owed = select(-func.sum(LedgerEntry.amount)).where(LedgerEntry.user_id == user.id, LedgerEntry.account == Account.CREDITS_OWED)
    assert db.session.scalar(owed) == user.job_posting_credits == 3
    assert ledger_check.check() == []


def test_a_job_is_charged_once(app: APIFlask) -> None:
    user = buyer()
    service.record_posting(user.id, job_id=7, credits=1)

    with pytest.raises(IntegrityError), db.session.begin_nested():
        service.record_posting(user.id, job_id=7, credits=1)


def test_the_check_names_every_difference(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)
    user_id, grant_id = transaction.user_id, db.session.scalar(select(CreditGrant.id))
    db.session.execute(update(User).where(User.id == user_id).values(job_posting_credits=11))
    db.session.execute(update(CreditGrant).values(credits=12))
    db.session.execute(update(Transaction).values(amount=1_500_001, refunded_amount=1))
    db.session.commit()

    result = app.test_cli_runner().invoke(args=["ledger", "check"])

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"credit balance: user {user_id} has 11, the ledger says 10",
        f"grants less uses: user {user_id} has 11, the ledger says 12",
        f"grants: credit grant {grant_id} has 12, the ledger says 10",
        f"captured money: transaction {transaction.id} has 1500001, the ledger says 1500000",
        "deferred revenue: currency VND has 1500001, the ledger says 1500000",
        f"refunded money: transaction {transaction.id} has 1, the ledger says 0",
        "gateway receivable: currency VND has 1500001, the ledger says 1500000",
        "Error: 7 difference(s).",
    ]


@pytest.mark.parametrize(
    ("debit", "credit", "currency", "found"),
    [
        (Account.GATEWAY_RECEIVABLE, Account.REFUNDS, "VND", {"gateway receivable", "refunds together"}),
        (Account.GATEWAY_RECEIVABLE, Account.REVENUE_DEFERRED, "USD", {"gateway receivable"}),
        (Account.GATEWAY_RECEIVABLE, Account.REVENUE, "VND", {"deferred revenue", "gateway receivable"}),
        (Account.CREDITS_ISSUED, Account.CREDITS_USED, "CREDIT", {"uses"}),
    ],
)
def test_a_group_without_a_cause_of_ours_is_found(
    app: APIFlask, client: FlaskClient, debit: Account, credit: Account, currency: str, found: set[str]
) -> None:
    pay(client, buy())

    ledger.book("job:77", Kind.POSTING, ledger.transfer(debit, credit, 5, currency))
    db.session.commit()

    assert {difference.rule for difference in ledger_check.check()} == found


def test_a_use_that_nobody_made_is_found(app: APIFlask) -> None:
    user = buyer()
    service.grant_credits(user.id, 5, "Chào mừng", actor_id=None)
    user.job_posting_credits -= 2
    ledger.book("job:7", Kind.POSTING, ledger.transfer(Account.CREDITS_OWED, Account.CREDITS_USED, 2, "CREDIT", user_id=user.id))
    db.session.flush()

    assert [str(difference) for difference in ledger_check.check()] == ["uses: job 7 has 0, the ledger says 2"]


def test_right_books_are_said_to_be_right(app: APIFlask, client: FlaskClient) -> None:
    pay(client, buy())

    result = app.test_cli_runner().invoke(args=["ledger", "check"])

    assert (result.exit_code, result.output) == (0, "The books are right.\n")


def test_an_admin_grants_and_takes_credits(app: APIFlask, sign_in: SignIn) -> None:
    admin, user = AdminFactory(), buyer()
    caller = sign_in(admin)
    path = f"/api/v1/admin/users/{user.id}/credits/"

    given = caller.post(path, json={"credits": 20, "reason": "Bồi thường"})
    taken = caller.post(path, json={"credits": -5, "reason": "Nhầm"})

    assert (given.status_code, given.json["job_posting_credits"]) == (200, 20)
    assert (taken.status_code, taken.json["job_posting_credits"]) == (200, 15)
    assert ledger_check.check() == []
    audited = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "credits.granted").order_by(AuditEntry.id)).all()
    assert [(entry.actor_id, entry.subject_id, entry.data) for entry in audited] == [
        (admin.id, user.id, {"credits": 20, "reason": "Bồi thường"}),
        (admin.id, user.id, {"credits": -5, "reason": "Nhầm"}),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"credits": 0, "reason": "x"}, "credits"),
        ({"credits": -1, "reason": "x"}, "credits"),
        ({"credits": 10**9, "reason": "x"}, "credits"),
        ({"credits": True, "reason": "x"}, "credits"),
        ({"credits": 1}, "reason"),
        ({"credits": 1, "reason": " "}, "reason"),
    ],
)
def test_a_wrong_grant_names_its_field_and_changes_nothing(app: APIFlask, sign_in: SignIn, body: dict[str, object], field: str) -> None:
    user = buyer()

    answer = sign_in(AdminFactory()).post(f"/api/v1/admin/users/{user.id}/credits/", json=body)

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert user.job_posting_credits == 0
    assert ledger_check.check() == []


def test_credits_are_for_recruiters_and_from_admins(app: APIFlask, client: FlaskClient, sign_in: SignIn) -> None:
    body = {"credits": 1, "reason": "x"}
    candidate, recruiter = CandidateFactory(), RecruiterFactory()
    path = "/api/v1/admin/users/{}/credits/".format
    admin = sign_in(AdminFactory())

    assert client.post(path(recruiter.id), json=body).status_code == 401
    assert sign_in(recruiter).post(path(recruiter.id), json=body).status_code == 403
    assert admin.post(path(10**9), json=body).status_code == 404
    assert admin.post(path(candidate.id), json=body).json["code"] == "not_a_recruiter"


def test_a_grant_repeated_under_its_key_is_made_once(app: APIFlask, sign_in: SignIn) -> None:
    user, caller = buyer(), sign_in(AdminFactory())
    headers = {"Idempotency-Key": "grant-1"}

    for _ in range(2):
        caller.post(f"/api/v1/admin/users/{user.id}/credits/", json={"credits": 3, "reason": "x"}, headers=headers)

    assert user.job_posting_credits == 3


def test_packages_are_put_on_sale_and_retired_by_command(committed_app: APIFlask) -> None:
    runner = committed_app.test_cli_runner()
    added = ["packages", "add", "Gói năm", "--price", "9000000", "--type", "SUBSCRIPTION", "--days", "365", "--unlimited"]

    results = [runner.invoke(args=args).output for args in (added, ["packages", "retire", "1"], ["packages", "list"])]

    assert results[:2] == ["Package 1 is on sale.\n", "Package 1 is off sale.\n"]
    assert results[2].split() == ["1", "retired", "SUBSCRIPTION", "9,000,000", "VND", "Gói", "năm"]


def test_parallel_grant_and_settlement_lose_no_update(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        user_id = buyer().id
    with committed_app.app_context(), connect(committed_app) as rival, unit_of_work():
        service.grant_credits(user_id, 5, "x", actor_id=None)
        rival.execute("SET lock_timeout = '200ms'")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            rival.execute("UPDATE users SET job_posting_credits = job_posting_credits + 1 WHERE id = %s", [user_id])

    with committed_app.app_context():
        assert db.session.get(User, user_id).job_posting_credits == 5


def test_the_books_are_proven_without_loops_however_old_the_statistics(app: APIFlask) -> None:
    package, recruiter = add_package(), buyer()
    settlement.apply_events([paid_event(buy(recruiter, package)) for _ in range(20)])
    # What others see of the rows of an open transaction: some pages, and nothing in them.
    with connect(app) as another:
        another.execute("ANALYZE")
    db.session.execute(text("SET LOCAL statement_timeout = 1"))

    with plans_of("ledger_entries") as plans:
        differences = ledger_check.check()

    assert differences == []
    joins = {node["Node Type"] for node in plans if "Join Type" in node}
    assert "Hash Join" in joins
    assert "Nested Loop" not in joins
