"""A complete résumé to print, and ways to look into a PDF."""

import io
from typing import Any

from PIL import Image
from pypdf import PdfReader


def portrait(color: str = "teal", kind: str = "JPEG", size: tuple[int, int] = (60, 80)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


COMPLETE: dict[str, Any] = {
    "title": "Kỹ sư phần mềm",
    "full_name": "Nguyễn Thị Phương Thảo",
    "email": "thao@example.com",
    "phone": "+84 912 345 678",
    "address": "Quận 1, TP. Hồ Chí Minh",
    "summary": "Sáu năm xây dựng hệ thống thanh toán.\nThích những thứ đơn giản.",
    "photo": portrait(),
    "skills": ["Python", "Kiểm thử tự động"],
    "skill_items": [{"id": 1, "name": "Python", "level": 5}, {"id": 2, "name": "PostgreSQL", "level": 4}],
    "experience": [
        {
            "company": "Công ty Sao Mai",
            "position": "Kỹ sư cao cấp",
            "start_date": "2021-04",
            "end_date": None,
            "is_current": True,
            "description": "Đối soát giao dịch:\n- giảm sai lệch\n- rút ngắn thời gian",
            "technologies": ["Flask", "Celery"],
        }
    ],
    "education": [
        {
            "institution": "Đại học Bách khoa",
            "degree": "Kỹ sư",
            "field_of_study": "Khoa học máy tính",
            "start_date": "2013-09-01",
            "end_date": "2018-06-30",
            "gpa": 3.52,
        }
    ],
    "certifications": [
        {
            "name": "AWS Solutions Architect",
            "issuing_organization": "Amazon",
            "issue_date": "2022-11",
            "expiration_date": "2025-11",
            "credential_id": "SAA-7F3",
        }
    ],
    "languages": [{"name": "Tiếng Nhật", "level": "N4"}],
    "projects": [{"name": "Bản đồ xe buýt", "role": "Tác giả", "url": "https://example.org/bus", "start_date": "2020", "description": "Mã mở."}],
    "links": [{"label": "GitHub", "url": "https://github.com/thao"}],
}

# The sections that not every résumé has.
FURTHER: dict[str, Any] = {
    "publications": [
        {
            "name": "Đối soát phân tán",
            "authors": "N. T. P. Thảo, L. M. Đức",
            "publisher": "Tạp chí Tin học",
            "release_date": "2023-04",
            "url": "https://doi.example.org/10.1/x",
            "description": "Bài báo hay nhất.",
        }
    ],
    "awards": [{"title": "Nhân viên xuất sắc", "awarder": "Hội Tin học", "date": "2022", "description": "Vì sáng kiến."}],
    "volunteer": [
        {"organization": "Lớp học tình thương", "position": "Giảng viên", "start_date": "2019", "is_current": True, "description": "Dạy toán."}
    ],
    "interests": [{"name": "Nhiếp ảnh", "keywords": ["phim", "chân dung"]}],
    "references": [{"name": "TS. Lê Hoàng Nam", "reference": "Làm việc cẩn thận."}],
}


def reader(pdf: bytes) -> PdfReader:
    """The parsed file."""
    return PdfReader(io.BytesIO(pdf))


def resolved(item: Any) -> Any:
    """The object that an indirect reference stands for."""
    return item.get_object()


def text_of(pdf: bytes) -> str:
    """The text of all pages, as copying it out of the PDF gives it."""
    return "\n".join(page.extract_text() for page in reader(pdf).pages)


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Every font's name, without the prefix of a subset, and whether its outlines are embedded."""
    found = {}
    for page in reader(pdf).pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            found[inner["/BaseFont"].split("+")[-1].rstrip(",")] = "/FontFile2" in inner["/FontDescriptor"].get_object()
    return found


def addresses_of(pdf: bytes) -> set[str]:
    """Where the links of all pages lead."""
    annotations = [item.get_object() for page in reader(pdf).pages for item in page.get("/Annots", [])]
    return {annotation["/A"]["/URI"] for annotation in annotations}


def images_of(pdf: bytes) -> list[tuple[int, int]]:
    """The size in pixels of each embedded picture."""
    return [image.image.size for page in reader(pdf).pages for image in page.images if image.image]
