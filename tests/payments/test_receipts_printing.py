"""The printed page: what can be read from it, what it refuses to load, and that nothing typed breaks it."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from app.payments.receipts.content import Buyer, Item, Seller
from tests.payments.receipt_press import CORRECTION, document, render


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_receipt_says_all_in_both_languages() -> None:
    text = text_of(render(document()))

    for words in (
        "Biên nhận thanh toán",
        "Invoice and payment receipt",
        "Đã thanh toán / Paid",
        "Mã số thuế / Tax code: 0312345678",
        "RC2027-000042",
        "01/01/2027",
        "Công ty TNHH Sao Mai",
        "Lượt đăng tin / Job postings: 10",
        "1.505.000 VND",
        "Bằng chữ: Một triệu năm trăm lẻ năm nghìn đồng",
        "In words: One million five hundred and five thousand Vietnamese dong",
        "JB261231AB12CD34EF56AB78",
        "VNPay",
        "14422574",
        "01/01/2027 00:30 (GMT+7)",
    ):
        assert words in text


def test_a_credit_note_names_the_receipt_that_it_corrects() -> None:
    text = text_of(render(document("CN2027-000007", amount=500_000, correction=CORRECTION)))

    for words in (
        "Phiếu hoàn tiền",
        "Credit note",
        "Điều chỉnh biên nhận / Corrects receipt RC2027-000042",
        "Đã trả / Originally paid: 1.505.000 VND",
        "Lượt đăng tin thu hồi / Posting credits taken back: 3",
        "Lý do / Reason: Mua nhầm gói",
        "Tổng số tiền hoàn / Total refunded 500.000 VND",
        "Bằng chữ: Năm trăm nghìn đồng",
    ):
        assert words in text
    assert "Đã thanh toán" not in text


def test_the_page_is_tagged_titled_and_the_same_for_the_same_content() -> None:
    pdf = render(document())

    read = PdfReader(BytesIO(pdf))
    assert len(read.pages) == 1
    assert (read.trailer["/Root"]["/Lang"], read.trailer["/Root"]["/MarkInfo"]["/Marked"]) == ("vi", True)
    assert read.metadata is not None
    assert read.metadata.title == "Biên nhận thanh toán RC2027-000042"
    assert len(pdf) < 60_000
    assert render(document()) == pdf


@pytest.mark.parametrize(
    "typed",
    [
        '<img src="file:///etc/passwd">',
        '<link rel="attachment" href="file:///etc/passwd">',
        "{{ 7 * 7 }}",
        "\u202e\ud800\x00\u200b",
        "W" * 255,
        "株式会社 🎉 ﷽",
    ],
)
def test_what_people_type_stays_text_on_the_page(typed: str) -> None:
    buyer, item = Buyer(name=typed, email="a@example.com", company=typed), Item(name=typed, credits=0, days=0, unlimited=True)
    pdf = render(document(buyer=buyer, item=item, correction=CORRECTION.model_copy(update={"reason": typed})))

    read = PdfReader(BytesIO(pdf))
    text = text_of(pdf)
    assert read.attachments == {}
    assert [page.images for page in read.pages if page.images] == []
    assert "root:" not in text
    assert "49" not in text
    assert "Một triệu năm trăm lẻ năm nghìn đồng" in text


def test_a_total_that_comes_on_the_second_page_stands_there_alone() -> None:
    name = "Tập đoàn Đầu tư Phát triển Công nghệ và Thương mại Quốc tế Việt Nam " * 4
    seller, buyer = Seller(name=name, address=name, tax_code=""), Buyer(name=name, email=f"{'x' * 100}@example.com", company=name)
    pdf = render(document(seller=seller, buyer=buyer, item=Item(name=name, credits=0, days=365, unlimited=True)))

    assert [page.extract_text().count("Tổng thanh toán") for page in PdfReader(BytesIO(pdf)).pages] == [0, 1]


def test_the_largest_price_fits_on_its_line() -> None:
    text = text_of(render(document(amount=10**15)))

    assert "1.000.000.000.000.000 VND" in text
    assert "Một triệu tỷ đồng" in text
