"""Statements: read whole or not at all, compared in both directions, and never a reason to change money."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app.accounts.models import User
from app.core.clock import now
from app.extensions import db
from app.payments import differences, ledger_check, refund_calls, refunds, statements
from app.payments.errors import DifferenceNotFound, StatementUnreadable
from app.payments.models import Provider, Refund, RefundStatus, Transaction, TransactionStatus
from app.payments.providers import vnpay_messages
from app.payments.providers.base import RefundAnswer, RefundState
from app.payments.reconciliation_models import Difference, DifferenceKind, LineKind, StatementLine
from app.payments.statements import Imported
from app.payments.statements_csv import Line, read_statement
from tests.factories import AdminFactory
from tests.payments.builders import add_package, buy, buyer, pay

HEADER = "kind,order_code,number,amount,currency"


def today_in_vietnam() -> date:
    return now().astimezone(vnpay_messages.GMT7).date()


def take(*lines: str, day: date | None = None, **options: Any) -> Imported:
    """Import a statement of these lines."""
    data = "\n".join([HEADER, *lines]).encode()
    values = {"columns": {}, "in_major_units": False, **options}
    done = statements.import_statement(Provider.VNPAY, day or today_in_vietnam(), "day.csv", data, **values)
    db.session.commit()
    return done


def paid(client: FlaskClient) -> Transaction:
    transaction = buy(buyer(), add_package())
    pay(client, transaction)
    return transaction


def stated(transaction: Transaction, **changes: object) -> str:
    cells = {"kind": "payment", "code": transaction.transaction_code, "number": "14422574", "amount": transaction.amount, "currency": "VND"}
    return ",".join(str(value) for value in {**cells, **changes}.values())


def noted() -> list[str]:
    return list(db.session.scalars(select(Difference.kind).order_by(Difference.id)))


def test_a_statement_that_agrees_leaves_nothing(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)

    done = take(stated(transaction))

    assert done == Imported(lines=1, new_lines=1, differences=0)
    assert noted() == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"code": "JBNOBODY"}, DifferenceKind.UNKNOWN_ORDER),
        ({"amount": 1_499_999}, DifferenceKind.WRONG_AMOUNT),
        ({"currency": "USD"}, DifferenceKind.WRONG_AMOUNT),
        ({"number": "999"}, DifferenceKind.SECOND_PAYMENT),
        ({"kind": "refund"}, DifferenceKind.REFUNDED_ELSEWHERE),
        ({"kind": "refund", "code": "JBNOBODY"}, DifferenceKind.UNKNOWN_ORDER),
    ],
)
def test_a_line_that_differs_becomes_a_row_and_changes_no_money(
    app: APIFlask, client: FlaskClient, changes: dict[str, object], kind: DifferenceKind
) -> None:
    transaction = paid(client)
    take(stated(transaction), day=date(2026, 1, 1))

    done = take(stated(transaction, **{"number": "7", **changes}))

    assert (done.differences, noted()) == (1, [kind])
    assert (transaction.status, transaction.refunded_amount) == (TransactionStatus.SUCCESS, 0)
    assert db.session.get(User, transaction.user_id).job_posting_credits == 10
    assert ledger_check.check() == []


def test_a_line_that_contradicts_an_earlier_file_becomes_a_row(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    take(stated(transaction), day=date(2026, 1, 1))

    done = [take(stated(transaction, amount=1_400_000), f"payment,JBX,{number},5,VND") for number in (8, 9, 9)]

    assert [(took.new_lines, took.differences) for took in done] == [(1, 2), (1, 1), (0, 0)]
    assert noted() == [DifferenceKind.UNKNOWN_ORDER, DifferenceKind.RESTATED, DifferenceKind.UNKNOWN_ORDER]
    code = transaction.transaction_code
    assert db.session.scalar(select(Difference.detail).where(Difference.kind == DifferenceKind.RESTATED)) == (
        f"the gateway has payment 14422574 of 1400000 VND for order {code}; an earlier statement had 1500000 VND for order {code}"
    )
    assert db.session.scalar(select(StatementLine.amount).where(StatementLine.number == "14422574")) == 1_500_000


@pytest.mark.parametrize("status", [TransactionStatus.PENDING, TransactionStatus.FAILED, TransactionStatus.EXPIRED])
def test_a_payment_that_we_did_not_settle_is_a_difference_and_stays_unsettled(app: APIFlask, status: TransactionStatus) -> None:
    transaction = buy()
    transaction.status = status
    db.session.commit()

    take(stated(transaction))

    assert noted() == [DifferenceKind.NOT_SETTLED]
    assert transaction.status == status


def test_more_lines_that_agree_cost_hardly_more_statements(app: APIFlask, count_queries: Callable[[], Any]) -> None:
    counts = []
    for many in (2, 6):
        db.session.execute(text("DELETE FROM transactions"))
        lines = []
        for transaction in [buy(buyer(), add_package()) for _ in range(many)]:
            number = transaction.transaction_code
            transaction.status, transaction.settled_at, transaction.gateway_transaction_no = TransactionStatus.SUCCESS, now(), number
            transaction.refunded_amount = 1000
            taken = Refund(transaction_id=transaction.id, amount=1000, credits_taken=0, reason="", status=RefundStatus.DONE)
            taken.answered_at = now() - statements.REFUND_LAG
            db.session.add(taken)
            lines += [stated(transaction, number=number), stated(transaction, kind="refund", number=f"R{number}", amount=1000)]
        db.session.commit()

        with count_queries() as sent:
            done = take(*lines)
        counts.append(len(sent))
        db.session.execute(text("DELETE FROM refunds"))

        assert (done.new_lines, done.differences) == (2 * many, 0)
    # Whether there is a refund to conclude is looked up for each.
    assert counts[1] - counts[0] == 4


def test_what_we_settled_and_no_statement_has_is_missing(app: APIFlask, client: FlaskClient) -> None:
    transaction, other = paid(client), paid(client)

    take(stated(other, number="5"), day=today_in_vietnam() - timedelta(days=1))
    take()

    rows = db.session.execute(select(Difference.kind, Difference.transaction_id).order_by(Difference.id)).all()
    assert rows == [(DifferenceKind.SECOND_PAYMENT, other.id), (DifferenceKind.MISSING_PAYMENT, transaction.id)]


def test_a_day_is_the_gateways_day(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    # One second before midnight in Hanoi.
    transaction.settled_at = datetime(2026, 3, 9, 23, 59, 59, tzinfo=vnpay_messages.GMT7)
    db.session.commit()

    found = [
        take(stated(transaction, code="JBX", number=number), day=day).differences for number, day in ((1, date(2026, 3, 10)), (2, date(2026, 3, 9)))
    ]

    assert found == [1, 2]


def test_the_same_file_and_the_same_line_again_change_nothing(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    first = take(stated(transaction, code="JBX"), stated(transaction, number="8"))

    same_file = take(stated(transaction, code="JBX"), stated(transaction, number="8"))
    same_line = take(stated(transaction, code="JBX"))

    assert (first.new_lines, first.differences) == (2, 2)
    assert (same_file.new_lines, same_file.differences) == (0, 0)
    assert (same_line.new_lines, same_line.differences) == (0, 0)
    assert db.session.scalar(select(func.count()).select_from(StatementLine)) == 2


def refunded(transaction: Transaction, amount: int, state: RefundState) -> Refund:
    refunds.refund(AdminFactory().id, transaction.id, amount, "")
    row = db.session.scalars(select(Refund).order_by(Refund.id.desc())).first()
    assert row is not None
    refund_calls.record_answer(row.id, RefundAnswer(state))
    db.session.commit()
    return row


def test_a_stated_refund_is_done(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    refund = refunded(transaction, 400_000, RefundState.ACCEPTED)

    take(stated(transaction), stated(transaction, kind="03", number="9", amount=-400_000))

    assert (refund.status, refund.gateway_reference) == (RefundStatus.DONE, "9")
    assert noted() == []


def test_more_than_was_refunded_is_a_difference(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    refund = refunded(transaction, 400_000, RefundState.ACCEPTED)

    take(stated(transaction), *(stated(transaction, kind="refund", number=number, amount=300_000) for number in (1, 2)))

    assert noted() == [DifferenceKind.REFUNDED_ELSEWHERE] * 2
    assert (refund.status, transaction.refunded_amount) == (RefundStatus.ACCEPTED, 400_000)


def test_a_refund_that_no_statement_has_within_a_week_is_missing(app: APIFlask, client: FlaskClient) -> None:
    transaction = paid(client)
    refund = refunded(transaction, 400_000, RefundState.DONE)
    refund.answered_at = now() - timedelta(days=7)
    db.session.commit()

    take(stated(transaction))

    assert noted() == [DifferenceKind.MISSING_REFUND]


def test_people_close_a_difference_with_a_sentence(app: APIFlask) -> None:
    take("payment,JBX,1,5,VND")
    row = differences.list_differences()[0]

    differences.resolve_difference(row.id, "Paid back by hand.")
    db.session.commit()

    assert list(differences.list_differences()) == []
    assert [found.resolution for found in differences.list_differences(only_open=False)] == ["Paid back by hand."]
    with pytest.raises(DifferenceNotFound):
        differences.resolve_difference(row.id, "Again.")


def read(text: str, provider: Provider = Provider.VNPAY, **options: Any) -> list[Line]:
    return read_statement(text.encode(), provider, **{"columns": {}, "in_major_units": False, **options})


def test_columns_may_have_other_names_and_amounts_major_units() -> None:
    columns = {"kind": "reporting_category", "order_code": "Mã", "number": "id", "amount": "gross"}
    rows = ["ch_1,15.00,usd,charge,JB1,0", "re_1,-7.5,usd,refund,JB1,0", "ch_2,1500000,vnd,charge,JB2,0", ""]
    text = "\r\n".join(["\ufeffid,gross,currency,reporting_category,Mã,fee", *rows])

    lines = read(text, Provider.STRIPE, columns=columns, in_major_units=True)

    assert lines == [
        Line(2, LineKind.PAYMENT, "JB1", "ch_1", 1500, "USD"),
        Line(3, LineKind.REFUND, "JB1", "re_1", 750, "USD"),
        Line(4, LineKind.PAYMENT, "JB2", "ch_2", 1_500_000, "VND"),
    ]


@pytest.mark.parametrize(
    ("text", "flaws"),
    [
        ("", 5 - 1),
        ("kind,order_code,number\n", 1),
        (f"{HEADER}\npayment,JB1,1,1.500.000,VND\n", 1),
        (f'{HEADER}\npayment,JB1,1,"1,500",VND\n', 1),
        (f"{HEADER}\npayment,JB1,1,0,VND\nfee,JB1,2,1,VND\n", 2),
        (f"{HEADER}\npayment,,,NaN,VND\n", 3),
        (f"{HEADER}\npayment,JB1,1,5,đồng\npayment,JB1,2,1e99,VND\npayment,JB1,3,0.5,VND\n", 3),
        (f"{HEADER}\npayment,JB1,1,5,VND\npayment,JB1,1,5,VND\n", 1),
        (f'{HEADER}\npayment,"JB1,1,5,VND\n', 1),
        (f"{HEADER}\npayment,JB1,1,1e999999999999,VND\npayment,JB1,2,1_000,VND\npayment,JB1,3,١٠,VND\n", 3),
        (f"{HEADER}\npayment,JB1,1,1,500,VND\n", 2),
        (f"{HEADER},amount\npayment,JB1,1,5,VND,6\n", 1),
        (f"{HEADER}\npayment,JB1,1,-5,VND\n", 1),
        (f"{HEADER}\npayment,JB1\x1b[2J,1,5,VND\npayment,JB1,\u202e1,5,VND\n", 2),
        (f"{HEADER}\n" + "payment,JB1,1,x,VND\n" * 5000, 100),
    ],
)
def test_a_file_with_flaws_names_them_all(text: str, flaws: int) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        read(text)

    assert len(refused.value.flaws) == flaws, refused.value.flaws


def test_refunds_may_have_a_number_of_their_own() -> None:
    lines = read(f"{HEADER},refund_number\npayment,JB1,pi_1,5,VND,txn_1\nrefund,JB1,pi_1,2,VND,txn_2\nrefund,JB1,pi_1,3,VND,txn_3\n")

    assert [line.number for line in lines] == ["pi_1", "txn_2", "txn_3"]


def test_cells_that_a_spreadsheet_would_run_are_text_and_empty_ones_at_the_end_are_nothing() -> None:
    lines = read(f'{HEADER}\npayment,"=cmd()",@1,5,VND,,\n')

    assert lines == [Line(2, LineKind.PAYMENT, "=cmd()", "@1", 5, "VND")]


def test_a_file_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(StatementUnreadable):
        read_statement(b"\xff\xfe", Provider.VNPAY, columns={}, in_major_units=False)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        lines = read(f"{HEADER}\n{text}")
    except (StatementUnreadable, UnicodeEncodeError):
        return
    assert all(line.amount > 0 for line in lines)


def test_the_commands_import_list_and_close(app: APIFlask, tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("kind,reference,number,amount\npayment,JBX,1,5\n")
    runner = app.test_cli_runner()
    imported = ["payments", "import-statement", str(path), "--provider", "vnpay", "--day", "2026-03-09"]

    wrong = runner.invoke(args=imported)
    done = runner.invoke(args=[*imported, "--column", "order_code=reference"])
    row = differences.list_differences()[0]
    listed = runner.invoke(args=["payments", "differences"])
    closed = runner.invoke(args=["payments", "resolve", str(row.id), "Known test payment."])

    assert (wrong.exit_code, "no column 'order_code'" in wrong.output) == (1, True)
    assert done.output.endswith("1 line(s), 1 of them new; 1 new difference(s).\n")
    assert "UNKNOWN_ORDER" in listed.output
    assert closed.output == f"Difference {row.id} is closed.\n"
    assert runner.invoke(args=["payments", "differences"]).output == ""
